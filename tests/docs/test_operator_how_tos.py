"""The how-to pages of day one and day hundred: a service, an upgrade, what to watch, what to do when something leaked.

Root's own programs have stand-ins: there is no systemd in a test, and nobody is made a user of this machine. The unit is
read by the real `systemd-analyze`, and what it starts is started.
"""

import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from support.page_blocks import Exempt, Page, Runs, Saves
from support.page_run import PageRun
from support.page_server import ACCOUNT, PASSWORD, SETTINGS, log_in, ports, prepare, start, stop
from support.running_server import Terminal

pytestmark = [
    pytest.mark.processes,
    pytest.mark.clients,
    pytest.mark.usefixtures("quick_aws"),
    pytest.mark.xdist_group("operator-how-tos"),
]

REPOSITORY = Path(__file__).parents[2]
INSTALLS = "installs the locked packages anew: tools/environment.sh did the same for this environment"
UNIT = "etc/systemd/system/daypass.service"
NIGHTLY = "etc/systemd/system/daypass-nightly.service"
NOTED = 'echo "$(basename "$0") $*" >> noted'
"""A program of root's, which is noted and not done."""


@pytest.fixture
def operator(tmp_path: Path) -> Terminal:
    """The server's machine, with nothing on it."""
    (tmp_path / "home").mkdir()
    return Terminal(tmp_path / "home")


SERVICE = Page(
    "how-to/run-as-a-service.md",
    blocks={
        "-m venv": Exempt(INSTALLS),
        "Type=exec": Saves(UNIT),
        "Type=oneshot": Saves(NIGHTLY),
        "[Timer]": Saves(NIGHTLY.replace(".service", ".timer")),
    },
    stand_ins={
        "useradd": NOTED,
        "install": 'while [ "$1" != 0700 ]; do shift; done; shift; exec mkdir -p -m 0700 "$@"',
        "runuser": 'shift 3; exec "$@"',
        "systemctl": NOTED,
    },
)


def test_the_page_run_as_a_service(operator: Terminal) -> None:
    [port] = ports(1)
    with PageRun(SERVICE, operator) as page:
        home = page.home
        page.exchanged |= {
            "/opt/daypass/bin/daypass": f"{sys.prefix}/bin/daypass",
            "--config /etc/daypass/": f"--config {home}/etc/daypass/",
            "backup /var/lib/daypass/": f"backup {home}/var/lib/daypass/",
            "find /var/lib/daypass": f"find {home}/var/lib/daypass",
            "sqlite:////var/lib/daypass/": f"sqlite:///{home}/var/lib/daypass/",
            "-m 0700 /etc/daypass /var/lib/daypass": f"-m 0700 {home}/etc/daypass {home}/var/lib/daypass",
        }
        page.until("Type=exec")
        assert re.search(r"^DAYPASS_ROOT_PASSWORD=\S+$", page.output, re.MULTILINE)
        page.rest()
        assert "systemctl enable --now daypass" in (home / "noted").read_text()
        unit = (home / UNIT).read_text()
        if sys.platform == "linux":
            check_units(home / UNIT)
        [command] = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
        page.type(
            f"{command} --listen 127.0.0.1:{port} >serve.log 2>&1 & MAINPID=$!\n"
            "until grep -q READY serve.log; do sleep 0.05; done"
        )
        [reload] = re.findall(r"^ExecReload=(.*)$", unit, re.MULTILINE)
        page.type(f"{reload}\nuntil grep -q reloaded serve.log; do sleep 0.05; done")
        page.type(f"curl --silent --fail http://127.0.0.1:{port}/readyz; kill $MAINPID; wait $MAINPID")
        for nightly in re.findall(r"^ExecStart=(.*)$", (home / NIGHTLY).read_text(), re.MULTILINE):
            page.type(nightly.replace("%%", "%"))
        [backup] = (home / "var" / "lib" / "daypass").glob("20??-??-??.backup")
        assert backup.stat().st_mode & 0o077 == 0
        written = set(re.findall(r"^ReadWritePaths=(.*)$", unit, re.MULTILINE)[0].split())
        assert written == {"/etc/daypass", "/var/lib/daypass"}, "where the commands of the page put things"
        stops = re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
        assert stops is not None
        assert int(stops[1]) > 25, "longer than shutdown_grace"


def check_units(unit: Path) -> None:
    """`systemd-analyze verify` of the real systemd has nothing to say: every name and value is known."""
    program = shutil.which("systemd-analyze")
    assert program is not None, "apt-get install systemd"
    units = [str(path) for path in sorted(unit.parent.iterdir())]
    assert len(units) == 3
    done = subprocess.run(
        [program, "verify", "--man=no", "--recursive-errors=no", *units],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if "daypass" in line]
    assert (done.returncode, said) == (0, []), done.stderr


UPGRADE = Page(
    "how-to/upgrade-to-a-new-version.md",
    blocks={"pip install": Exempt(INSTALLS)},
    stand_ins={"systemctl": NOTED},
)


def test_the_page_upgrade_to_a_new_version(operator: Terminal) -> None:
    [port] = ports(1)
    with PageRun(UPGRADE, operator) as page:
        page.exchanged |= {
            SETTINGS: "daypass.toml",
            "/srv/backups/": f"{page.home}/",
            "https://signin.example.com": f"http://127.0.0.1:{port}",
        }
        prepare(page, "--listen", f"127.0.0.1:{port}")
        page.until("/readyz")
        assert (page.home / "noted").read_text() == "systemctl restart daypass\n"
        start(page)
        page.step()
        stop(page)
        with closing(sqlite3.connect(page.home / "daypass.db")) as database, database:
            database.execute("INSERT INTO schema_migrations (name, checksum) VALUES ('9999_later', 'x')")
        page.type("daypass serve --config daypass.toml", Runs(exit_code=2))
        assert "9999_later" in page.output, "a database from the future is refused, as the page says"
        page.rest()
        start(page)


MONITOR = Page(
    "how-to/monitor-the-server.md",
    blocks={
        "metrics_networks": Saves("daypass.toml", adds=True),
        "scrape_configs": Exempt(
            "the names it uses are compared in test_metrics_page.py; Prometheus is not here"
        ),
        "groups:": Exempt("the names it uses are compared in test_metrics_page.py; Prometheus is not here"),
    },
)


def test_the_page_monitor_the_server(operator: Terminal) -> None:
    [port] = ports(1)
    with PageRun(MONITOR, operator) as page:
        page.exchanged |= {
            SETTINGS: "daypass.toml",
            "/srv/backups/": f"{page.home}/",
            "https://signin.example.com": f"http://127.0.0.1:{port}",
        }
        prepare(page, "--listen", f"127.0.0.1:{port}")
        page.until("/readyz")
        start(page)
        log_in(page, f"http://127.0.0.1:{port}")
        page.step()
        for event in ("sign_in", "authorize", "issue_code", "token"):
            assert f'daypass_events_total{{event="{event}",outcome="ok"}} 1.0' in page.output
        page.rest()


LEAK = Page("how-to/when-something-leaks.md")


def test_the_page_when_something_leaks(operator: Terminal) -> None:
    [port] = ports(1)
    endpoint = f"http://127.0.0.1:{port}"
    alice = {"kind": "user", "account": ACCOUNT, "user_name": "alice", "password": PASSWORD}
    with PageRun(LEAK, operator, {"NEW_PASSWORD": "second light at 8 am"}) as page:
        page.exchanged[SETTINGS] = "daypass.toml"
        prepare(page, "--listen", f"127.0.0.1:{port}")
        start(page)
        log_in(page, endpoint)
        page.type(
            'for_alice() { aws iam --profile admin "$1" --user-name alice "${@:2}"; }\n'
            f"for_alice create-user; for_alice create-login-profile --password {shlex.quote(PASSWORD)}\n"
            "for_alice attach-user-policy --policy-arn arn:aws:iam::aws:policy/AdministratorAccess\n"
            "KEY=$(for_alice create-access-key --query AccessKey.AccessKeyId --output text)"
        )
        page.sign_in_as(alice)
        page.type(f"daypass login --profile alice --endpoint-url {endpoint}")
        page.until("delete-user-policy")
        page.type(
            "until ! aws iam list-users --profile alice >refused 2>&1; do sleep 0.2; done; grep -q 'explicit deny' refused"
        )
        page.until("--drop-old-keys")
        stop(page)
        page.step()
        start(page)
        page.rest()
        assert (page.home / "since.jsonl").read_text().count("\n") > 10
