"""`python -m bench [section…]`: run every section, or those named; print and write bench/results/table.md.

Each section measures both sides in one run. The table says on which machine, under which load, and sets the
limit beside the figure, met or not.
"""

import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import gateway, refresh, start_up, sts
from bench.postgres import run_postgres

__all__ = ["SECTIONS", "main"]

_TABLE = Path(__file__).parent / "results" / "table.md"


def _refresh_postgres() -> dict[str, object]:
    with run_postgres() as url:
        return refresh.measure(url)


SECTIONS: Mapping[str, tuple[str, Callable[[], dict[str, object]], Mapping[str, str]]] = {
    "start_up": (
        "`credential-process` against the bare interpreter",
        start_up.measure,
        {"ratio (limit 1.6)": "≤ 1.6"},
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
    "gateway": ("An object of 1 GiB through the gateway and straight to SeaweedFS", gateway.measure, {}),
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


def main(names: list[str]) -> int:
    """Run and write. Returns 2 for a name that is no section."""
    unknown = set(names) - set(SECTIONS)
    if unknown:
        print(
            f"no such section: {', '.join(sorted(unknown))}; there are: {', '.join(SECTIONS)}",
            file=sys.stderr,
        )
        return 2
    lines = ["# Benchmarks", "", f"{time.strftime('%Y-%m-%d')}, {_machine()}", ""]
    for name in names or list(SECTIONS):
        title, measure, limits = SECTIONS[name]
        load = os.getloadavg()[0]
        section = [f"## {title}", "", f"Load average at the start: {load:.1f}", "", "| | measured | limit |"]
        section += ["|---|---|---|", *_rows(measure(), limits), ""]
        print("\n".join(section), flush=True)
        lines += section
    _TABLE.parent.mkdir(exist_ok=True)
    _TABLE.write_text("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
