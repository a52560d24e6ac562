"""`daypass narrow` when something fails on the way: nothing is left behind, at the server or here."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import pytest

from daypass.client.credential_cache import cache_file_name
from daypass.client.dpop_key import new_key
from daypass.protocol.oauth.id_token import build_id_token
from daypass.protocol.oauth.token_response import TokenSet, build_token_response
from daypass.secret import Secret
from support.fake_sign_in import STS_ANSWER
from support.file_keyring import keyring_environment, set_mood
from support.running_server import Terminal
from support.transcript import ACCOUNT, arn_of, save_session

pytestmark = pytest.mark.processes


class _Service:
    """Makes a narrowed login for everybody who asks, and remembers what was revoked."""

    def __init__(self) -> None:
        self.subject = arn_of("dev")
        self.account = ACCOUNT
        self.status = 200
        self.revoke_status = 200
        self.has_sts = True
        self.made = 0
        self.revoked: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                status, body = service.answer(self.path, form)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def answer(self, path: str, form: dict[str, list[str]]) -> tuple[int, bytes]:
        if path == "/v1/revoke":
            self.revoked += form["token"]
            return self.revoke_status, b"{}"
        if path == "/":
            answer = STS_ANSWER.format(arn=self.subject, account=self.account).encode()
            return (200, answer) if self.has_sts else (403, b"")
        if self.status != 200:
            return self.status, b"no such page"
        self.made += 1
        now = int(time.time())
        id_token = build_id_token(
            new_key(),
            key_id="k",
            issuer=self.url,
            subject=self.subject,
            audience="c",
            now=now,
            session_ends_at=now + 900,
        )
        tokens = TokenSet("ASIANEW", Secret("s"), Secret("t"), 900, Secret(f"narrow-{self.made}"), id_token)
        return 200, build_token_response(tokens, "json")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def service() -> Iterator[_Service]:
    made = _Service()
    yield made
    made.close()


@pytest.fixture
def terminal(service: _Service, tmp_path: Path) -> Terminal:
    save_session(tmp_path, "dev", 900, 7200)
    endpoints = "".join(f"{name} =\n  endpoint_url = {service.url}\n" for name in ("signin", "sts"))
    (tmp_path / ".aws" / "config").write_text(
        f"[profile dev]\nregion = us-east-1\nlogin_session = {arn_of('dev')}\nservices = own\n"
        f"[services own]\n{endpoints}[profile there]\noutput = json\nregion = eu-west-1\nservices = other\n"
    )
    return Terminal(tmp_path)


def _entry(terminal: Terminal, name: str = "agent") -> Path:
    file = cache_file_name(f"{arn_of('dev')}?scope={name}")
    return terminal.home / ".aws" / "login" / "cache" / file


def _narrow(terminal: Terminal, *words: str, code: int, new: str = "agent", **settings: str) -> list[str]:
    done = terminal.daypass("narrow", "dev", "--as", new, "--read-only", *words, **settings)
    assert done.returncode == code, done.stderr
    return done.stderr.splitlines()


def _config(terminal: Terminal) -> str:
    return (terminal.home / ".aws" / "config").read_text()


def test_a_service_that_lacks_it_is_told_apart(service: _Service, terminal: Terminal) -> None:
    service.status, before = 404, _config(terminal)
    assert _narrow(terminal, code=3) == [
        "daypass: this sign-in service makes no narrowed logins; a role over the login can be narrowed [no_narrowing]",
        "hint: daypass configure role agent --role-arn ARN --source-profile dev --policy-file FILE",
    ]
    assert _config(terminal) == before


def test_a_service_that_fails_changes_nothing(service: _Service, terminal: Terminal) -> None:
    service.status, before = 500, _config(terminal)
    assert _narrow(terminal, code=5)[-1] == "hint: try again in a moment"
    assert (_config(terminal), _entry(terminal).exists()) == (before, False)


def test_a_login_of_somebody_else_is_not_kept(service: _Service, terminal: Terminal) -> None:
    service.subject, before = arn_of("ops"), _config(terminal)
    told = _narrow(terminal, code=6)
    assert told[0].endswith("[login_mismatch]")
    assert (_config(terminal), _entry(terminal).exists()) == (before, False)


def test_credentials_of_another_account_are_revoked_and_not_kept(
    service: _Service, terminal: Terminal
) -> None:
    service.account, before = "999988887777", _config(terminal)
    assert _narrow(terminal, code=6)[0].endswith("nothing was changed [login_mismatch]")
    assert service.revoked == ["narrow-1"]
    assert (_config(terminal), _entry(terminal).exists()) == (before, False)


def test_an_sts_that_does_not_answer_leaves_the_identity_unconfirmed(
    service: _Service, terminal: Terminal
) -> None:
    service.has_sts = False
    done = terminal.daypass("narrow", "dev", "--as", "agent", "--read-only", "--json")
    assert done.returncode == 0
    receipt = json.loads(done.stdout)
    assert (receipt["identity"], receipt["confirmed_at"]) == (arn_of("dev"), None)
    assert done.stderr.startswith("daypass: not verified: ")
    asked = terminal.daypass("receipt", "agent")
    assert (asked.returncode, asked.stdout) == (5, "")


def test_a_keyring_that_fails_is_said_before_a_login_is_made(service: _Service, terminal: Terminal) -> None:
    folder = terminal.home / "keyring"
    keyring = keyring_environment(folder)
    set_mood(folder, "locked")
    told = _narrow(terminal, "--storage", "vault", "--no-input", code=8, **keyring)
    assert told[0].endswith("[keyring_locked]")
    assert service.made == 0


def test_a_place_that_cannot_be_written_costs_the_login_its_life(
    service: _Service, terminal: Terminal
) -> None:
    """A folder stands where the entry must go, so that nobody, not even root, can write it."""
    _entry(terminal).mkdir(parents=True)
    before = _config(terminal)
    assert _narrow(terminal, code=2)[0].endswith("[config]")
    assert service.revoked == ["narrow-1"]
    assert _config(terminal) == before


def test_the_one_before_is_revoked_or_it_is_said_that_it_was_not(
    service: _Service, terminal: Terminal
) -> None:
    _narrow(terminal, code=0)
    assert _narrow(terminal, code=0)[0].endswith("; it replaces the one before")
    assert service.revoked == ["narrow-1"]
    service.revoke_status = 500
    told = _narrow(terminal, code=5)
    assert told[-1].startswith("daypass: the one before was not revoked at the service; ")
    assert told[-1].endswith(" [network]")
    assert json.loads(_entry(terminal).read_text())["refreshToken"] == "narrow-3"


def test_one_that_cannot_be_read_is_replaced_and_that_is_said(service: _Service, terminal: Terminal) -> None:
    _narrow(terminal, code=0)
    _entry(terminal).write_text("{ half")
    told = _narrow(terminal, code=5)
    assert told[-1].endswith("the saved session cannot be read [network]")
    assert terminal.daypass("receipt", "agent").returncode == 0


def test_a_profile_that_is_there_works_where_its_parent_does(service: _Service, terminal: Terminal) -> None:
    """What is a person's own stays; an address of another service would get credentials it cannot know."""
    _narrow(terminal, code=0, new="there")
    section = _config(terminal).partition("[profile there]\n")[2]
    assert "output = json\n" in section
    assert "region = us-east-1\n" in section
    assert "services = own\n" in section
    assert "services = other" not in section


def test_a_login_in_its_place_needs_force(service: _Service, terminal: Terminal) -> None:
    path = terminal.home / ".aws" / "config"
    path.write_text(path.read_text() + f"[profile ops]\nlogin_session = {arn_of('ops')}\n")
    assert "already holds a login" in _narrow(terminal, code=2, new="ops")[0]
    _narrow(terminal, "--force", code=0, new="ops")
    assert f"login_session = {arn_of('dev')}?scope=ops\n" in _config(terminal)
    assert arn_of("ops") not in _config(terminal)


def test_a_role_over_it_has_its_policies_in_the_receipt_of_the_role(
    service: _Service, terminal: Terminal
) -> None:
    """The role's own: those of the login beneath do not narrow a role."""
    _narrow(terminal, code=0)
    done = terminal.daypass(
        *("configure", "role", "deploy", "--role-arn", f"arn:aws:iam::{ACCOUNT}:role/x"),
        *("--source-profile", "agent", "--policy-arn", "arn:aws:iam::aws:policy/AmazonS3FullAccess"),
    )
    assert done.returncode == 0, done.stderr
    assert "daypass_scope" not in done.stdout
    assert "daypass_narrowed_from" not in done.stdout
    rows = json.loads(terminal.daypass("status", "--json").stdout)
    role = next(row for row in rows if row["profile"] == "deploy")
    assert (role["login_profile"], role["narrowed_from"], role["scope"]) == ("agent", None, None)
