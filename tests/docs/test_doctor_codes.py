"""Every code `daypass doctor` can print is explained in the how-to, and the how-to explains no other."""

import ast
import re
from pathlib import Path

from daypass.client.doctor.network import _FAULTS
from daypass.errors import KeyringError

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "how-to" / "find-out-what-is-wrong.md"
NO_FINDINGS = {"process", "config_key", "container"}
"""Sources behind a sign-in: named in a sentence, never a code."""


def _written_codes() -> set[str]:
    codes = {kind.code for kind in (KeyringError, *KeyringError.__subclasses__())}  # the vault's own words
    codes |= {f"{service}_{fault}" for service in ("signin", "sts") for fault in (*_FAULTS, "reachable")}
    for path in sorted((REPOSITORY / "src" / "daypass" / "client" / "doctor").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Finding", "CredentialSource"):
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    codes.add(str(first.value))
    return codes - NO_FINDINGS


def test_every_code_of_the_doctor_is_explained() -> None:
    """Rows with `…` stand for both services and every fault."""
    explained: set[str] = set()
    for first_cell in re.findall(r"^\| (`.+?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        words = re.findall(r"`([^`]+)`", first_cell)
        if "…" in first_cell:
            services = [word.rstrip("_…") for word in words if "…" in word]
            words = [f"{service}_{word}" for service in services for word in words if "…" not in word]
        explained |= set(words)
    assert explained == _written_codes()
