"""The browser of a page that is executed: `page_browser.py FILE URL` signs in at the URL with the form fields in FILE.

Named in `BROWSER` (support/page_blocks.py), so that the page's own `daypass login` opens it and is answered.
"""

import json
import sys
from pathlib import Path

from form_browser import FormBrowser


def main() -> None:
    """Sign in as the person whose machine this is."""
    browser = FormBrowser()
    browser.open(sys.argv[2])
    browser.follow("Continue with root or IAM user")
    browser.press("Sign in", **json.loads(Path(sys.argv[1]).read_text()))


if __name__ == "__main__":
    main()
