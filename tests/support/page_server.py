"""A server in the home of a page that is executed: prepared, started and stopped in the page's own shell.

Its root user is known, so that the page's browser can sign in as it (support/page_run.py).
"""

import shlex

from support.page_blocks import Runs
from support.page_run import PageRun
from support.seaweedfs import RunningSeaweedFS, free_ports

PASSWORD = "first light at 7 am"
ACCOUNT = "111122223333"
ROOT = {"kind": "root", "email": "you@example.com", "password": PASSWORD}
SETTINGS = "/etc/daypass/daypass.toml"


def ports(count: int) -> list[str]:
    return [str(port) for port in free_ports(count)]


def prepare(page: PageRun, *more: str) -> None:
    """`daypass server init` in the home, for an account whose root password is known."""
    words = f"--root-email {ROOT['email']} --account-id {ACCOUNT} --root-password-stdin {shlex.join(more)}"
    page.type(f"daypass server init --config daypass.toml {words}", Runs(typed=PASSWORD + "\n"))


def start(page: PageRun, *more: str) -> None:
    """`daypass serve` beside the page, its process in PID, its output in serve.log; returns when it serves."""
    page.type(
        ": >serve.log\n"  # or the last one's READY would be read
        f"daypass serve --config daypass.toml {shlex.join(more)} >serve.log 2>&1 & PID=$!\n"
        "until grep -q READY serve.log; do kill -0 $PID || { cat serve.log; exit 1; }; sleep 0.05; done"
    )


def stop(page: PageRun) -> None:
    page.type("kill $PID; wait $PID || true")


def log_in(page: PageRun, endpoint: str, profile: str = "admin") -> None:
    page.sign_in_as(ROOT)
    page.type(f"daypass login --force --profile {profile} --endpoint-url {endpoint}")


def make_certificate(page: PageRun) -> None:
    """An authority, and a certificate of it for localhost: chain.pem, key.pem and company-ca.pem."""
    page.type(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=company"
        " -keyout ca-key.pem -out company-ca.pem\n"
        "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=localhost -keyout key.pem -out r.pem\n"
        "openssl x509 -req -in r.pem -CA company-ca.pem -CAkey ca-key.pem -days 2 -out chain.pem"
        " -extfile <(echo subjectAltName=DNS:localhost)\n"
        "chmod 600 key.pem"
    )


def back_end(store: RunningSeaweedFS) -> dict[str, str]:
    """The store behind the gateway, by environment."""
    return {
        "DAYPASS_S3_BACKEND": store.endpoint_url,
        "DAYPASS_S3_BACKEND_ACCESS_KEY_ID": store.access_key_id,
        "DAYPASS_S3_BACKEND_SECRET_ACCESS_KEY": store.secret_access_key,
    }
