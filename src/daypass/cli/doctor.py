"""`daypass doctor [--profile P] [--json] [--quiet] [--python PATH] [--lock FILE]`: what is wrong, and the command that mends it.

Looks and changes nothing; prints no secret, so its output may be pasted into a ticket. Exit code 0 when nothing is
worse than a note, 11 with warnings, 12 with errors.
"""

import argparse
import json
import os

from daypass.cli.arguments import CommandParser, add_profile, chosen_profile
from daypass.cli.output import data, say
from daypass.client.aws_config import load_config
from daypass.client.doctor.examination import examine
from daypass.client.doctor.finding import SEVERITIES, Finding, worst_severity

__all__ = ["EXIT_CODES", "run"]

EXIT_CODES = {"ok": 0, "note": 0, "warning": 11, "error": 12}
"""Worst severity to exit code."""


def run(argv: list[str]) -> int:
    """Print the findings."""
    arguments = _parse(argv)
    profile = chosen_profile(arguments, os.environ)
    config = load_config(os.environ)
    findings = examine(config, profile, os.environ, pythons=arguments.python, locks=arguments.lock)
    worst = worst_severity(findings)
    shown = [each for each in findings if not arguments.quiet or EXIT_CODES[each.severity]]
    if arguments.json:
        rows = [_row(each) for each in shown]
        data(json.dumps({"profile": profile, "worst": worst, "findings": rows}, indent=2))
    else:
        for each in shown:
            data(_text(each))
        if not arguments.quiet:
            say(_summary(findings))
    return EXIT_CODES[worst]


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = CommandParser("doctor", "Look for what keeps a profile from working, and say what mends it.")
    add_profile(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quiet", action="store_true", help="print warnings and errors only")
    parser.add_argument(
        "--python",
        metavar="PATH",
        action="append",
        default=[],
        help="look at the SDK of this Python interpreter too; it is run; may be repeated",
    )
    parser.add_argument(
        "--lock",
        metavar="FILE",
        action="append",
        default=[],
        help="look at the SDK a project has locked: uv.lock, poetry.lock, Pipfile.lock, requirements.txt; may be repeated",
    )
    return parser.parse_args(argv)


def _row(finding: Finding) -> dict[str, str | None]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "sentence": finding.sentence,
        "mend": finding.mend or None,
    }


def _text(finding: Finding) -> str:
    line = f"{finding.severity:<8} {finding.sentence} [{finding.code}]"
    return f"{line}\n{'':<8} hint: {finding.mend}" if finding.mend else line


def _summary(findings: list[Finding]) -> str:
    counts = {severity: sum(each.severity == severity for each in findings) for severity in SEVERITIES}
    bad = [
        f"{counts[severity]} {severity}{'s' if counts[severity] > 1 else ''}"
        for severity in ("error", "warning")
        if counts[severity]
    ]
    return ", ".join(bad) if bad else "nothing is wrong"
