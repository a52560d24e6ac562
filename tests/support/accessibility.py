"""axe-core on the page in view: no finding of serious or critical impact (WCAG 2.2 A and AA, best practices)."""

import json
from importlib.resources import files

from playwright.sync_api import Page

__all__ = ["check_accessible"]

_AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
_RUN = "() => axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations))"


def check_accessible(page: Page, name: str) -> None:
    """`name` is the page's, for the message."""
    page.evaluate(_AXE)
    found = [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
        for violation in json.loads(page.evaluate(_RUN))
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert found == [], f"{name}: " + "\n".join(found)
