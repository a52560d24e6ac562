"""Write docs/reference/settings.md from the settings record. A test fails when the page is not up to date."""

from pathlib import Path

from daypass.server.settings.reference import build_reference_page

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "settings.md"


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(build_reference_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
