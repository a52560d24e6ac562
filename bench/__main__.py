"""`python -m bench [section…]`: run every section, or those named; print, and write bench/results/.

Each section measures both sides in one run. The table says on which machine, when and under which load, and sets
the limit beside the figure, met or not. A section that is run again replaces its own part of the table only.
"""

import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import gateway, policy, refresh, scale, start_up, sts
from bench.postgres import run_postgres

__all__ = ["SECTIONS", "main"]

_RESULTS = Path(__file__).parent / "results"


def _refresh_postgres() -> dict[str, object]:
    with run_postgres() as url:
        return refresh.measure(url)


def _scale_postgres() -> dict[str, object]:
    with run_postgres() as url:
        return scale.measure(url)


_FLAT = {f"{label}, ratio": f"≤ {limit}" for label, limit in scale.LIMITS.items()}


SECTIONS: Mapping[str, tuple[str, Callable[[], dict[str, object]], Mapping[str, str]]] = {
    "start_up": (
        "Commands that run often, against the bare interpreter and the AWS CLI of both versions",
        start_up.measure,
        {
            "ratio (limit 1.6)": "≤ 1.6",
            "status --prompt, ms (limit 30)": "≤ 30",
            "a profile's name on Tab, ms (limit 30)": "≤ 30",
        },
    ),
    "refresh": (
        "Refresh with DPoP, SQLite, against node-oidc-provider",
        refresh.measure,
        {"ratio": "≥ 3"},
    ),
    "refresh_postgres": (
        "Refresh with DPoP, PostgreSQL on this machine, against node-oidc-provider",
        _refresh_postgres,
        {"ratio": "≥ 2"},
    ),
    "memory": (
        "Resident memory of one worker along 100,000 refreshes",
        refresh.memory,
        {"after 100000, MiB": "≤ 85.8 (90 MB), flat"},
    ),
    "sts": (
        "`GetCallerIdentity`, verified, against moto_server's, unverified",
        sts.measure,
        {"ratio": "≥ 10"},
    ),
    "policy": (
        "Decisions for a principal with 20 policies, on one core, against moto's engine without conditions",
        policy.measure,
        {"identity policies only, decisions per second": "≥ 100,000"},
    ),
    "scale": (
        "One million users and 100,000 live logins against a thousand of each, SQLite",
        scale.measure,
        _FLAT,
    ),
    "scale_postgres": (
        "One million users and 100,000 live logins against a thousand of each, PostgreSQL on this machine",
        _scale_postgres,
        _FLAT,
    ),
    "gateway": (
        "An object of 1 GiB through the gateway and straight to SeaweedFS",
        gateway.measure,
        {"ratio PUT": "≥ 0.6", "ratio GET": "≥ 0.6"},
    ),
}
"""Name to title, measurement, and the limits of single figures."""


def _machine() -> str:
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def _rows(found: Mapping[str, object], limits: Mapping[str, str], prefix: str = "") -> list[str]:
    rows = []
    for label, value in found.items():
        if isinstance(value, dict):
            rows += _rows(value, {}, f"{prefix}{label}: ")
        else:
            rows.append(f"| {prefix}{label} | {value} | {limits.get(label, '')} |")
    return rows


def _run(name: str) -> str:
    """One section's part of the table."""
    title, measure, limits = SECTIONS[name]
    load = os.getloadavg()[0]
    found = measure()
    when = (
        f"{time.strftime('%Y-%m-%d %H:%M')}; load average {load:.1f} before, {os.getloadavg()[0]:.1f} after"
    )
    lines = [f"## {title}", "", when, "", "| | measured | limit |", "|---|---|---|", *_rows(found, limits)]
    return "\n".join(lines) + "\n"


def _write_table() -> None:
    parts = [_RESULTS / f"{name}.md" for name in SECTIONS]
    text = "\n".join(part.read_text() for part in parts if part.exists())
    (_RESULTS / "table.md").write_text(f"# Benchmarks\n\n{_machine()}\n\n{text}")


def main(names: list[str]) -> int:
    """Run and write. Returns 2 for a name that is no section."""
    unknown = set(names) - set(SECTIONS)
    if unknown:
        print(
            f"no such section: {', '.join(sorted(unknown))}; there are: {', '.join(SECTIONS)}",
            file=sys.stderr,
        )
        return 2
    _RESULTS.mkdir(exist_ok=True)
    for name in names or list(SECTIONS):
        section = _run(name)
        print(section, flush=True)
        (_RESULTS / f"{name}.md").write_text(section)
        _write_table()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
