"""Our server for a benchmark: the production command, one worker, everything on, seeded by real logins."""

import contextlib
import http.cookiejar
import json
import re
import subprocess
import sys
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.processes import free_port, pinned, start, wait_for_http
from daypass.client.login import Fresh, StartedLogin, begin, redeem
from daypass.client.session_cache import CacheEntry
from daypass.client.transport import send
from daypass.secret import Secret

__all__ = ["OurServer", "run_our_server"]

ROOT_EMAIL = "root@bench.example"
PASSWORD = "correct horse battery staple"  # a throw-away server on loopback


@dataclass(frozen=True, slots=True)
class OurServer:
    """A running server."""

    url: str
    s3_url: str
    process: "subprocess.Popen[str]"
    account_id: str

    def logins(self, count: int, fresh: Fresh, person: dict[str, str], *, now: int) -> list[CacheEntry]:
        """So many login sessions of one person, all bound to one key, made through the pages."""
        browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
            urllib.request.ProxyHandler({}),
            _StopAtLoopback(),
        )
        return [self._login(browser, fresh, person, now) for _ in range(count)]

    def root(self) -> dict[str, str]:
        """The form fields of the root user."""
        return {"kind": "root", "email": ROOT_EMAIL, "password": PASSWORD}

    def add_user(self, name: str, *policies: str, now: int) -> dict[str, str]:
        """Create an IAM user through the IAM API; returns its form fields."""
        import boto3

        entry = self.logins(1, Fresh.draw(), self.root(), now=now)[0]
        iam = boto3.client(
            "iam",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=entry.access_key_id,
            aws_secret_access_key=entry.secret_access_key.reveal(),
            aws_session_token=entry.session_token.reveal(),
        )
        iam.create_user(UserName=name)
        iam.create_login_profile(UserName=name, Password=PASSWORD)
        for policy in policies:
            iam.attach_user_policy(UserName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        return {"kind": "user", "account": self.account_id, "user_name": name, "password": PASSWORD}

    def _login(
        self, browser: urllib.request.OpenerDirector, fresh: Fresh, person: dict[str, str], now: int
    ) -> CacheEntry:
        fresh = Fresh(str(uuid.uuid4()), fresh.code_verifier, fresh.key, str(uuid.uuid4()))
        redirect_uri = "http://127.0.0.1:1/oauth/callback"
        started: StartedLogin = begin(
            base_url=self.url, region="us-east-1", redirect_uri=redirect_uri, fresh=fresh
        )
        page = _open(browser, started.url)
        fields = {"request": _query_request(page), "csrf": _hidden(page, "csrf")}
        if 'action="/signin/session"' in page:
            fields |= {"request": _hidden(page, "request"), "session": _button(page)}
            location = _open(browser, f"{self.url}/signin/session", fields)
        else:
            page = _open(browser, f"{self.url}/signin/user?request={fields['request']}")
            fields |= {"csrf": _hidden(page, "csrf"), **person}
            location = _open(browser, f"{self.url}/signin/user", fields)
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)["code"][0]
        return redeem(started, Secret(code), now=now, send=send).entry


class _StopAtLoopback(urllib.request.HTTPRedirectHandler):
    """The terminal's port does not exist here: the address with the code is the answer."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]  # the base class is untyped
        if newurl.startswith("http://127.0.0.1:1/"):
            raise _Arrived(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Arrived(Exception):
    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


def _open(browser: urllib.request.OpenerDirector, url: str, fields: dict[str, str] | None = None) -> str:
    data = urllib.parse.urlencode(fields).encode() if fields else None
    origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(url))
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"} if fields else {}
    try:
        with browser.open(urllib.request.Request(url, data=data, headers=headers), timeout=30) as answer:
            text: str = answer.read().decode()
            return text
    except _Arrived as arrived:
        return arrived.location


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"\s+value="([^"]*)"', page)
    return found.group(1) if found else ""


def _button(page: str) -> str:
    found = re.search(r'name="session" value="([^"]+)"', page)
    assert found, page
    return found.group(1)


def _query_request(page: str) -> str:
    found = re.search(r'href="/signin/user\?request=([^"&]+)', page)
    return found.group(1) if found else ""


@contextlib.contextmanager
def run_our_server(
    folder: Path,
    *,
    core: int,
    database_url: str = "",
    s3_backend: str = "",
    s3_credentials: Path | None = None,
) -> Iterator[OurServer]:
    """`daypass server init` and `daypass serve`, pinned to one core."""
    folder.mkdir(parents=True, exist_ok=True)
    port, s3_port = free_port(), free_port()
    daypass = [sys.executable, "-m", "daypass"]
    config = folder / "daypass.toml"
    config.unlink(missing_ok=True)
    lines = [f'listen = "127.0.0.1:{port}"', f's3_listen = "127.0.0.1:{s3_port}"', "access_log = true"]
    if database_url:
        lines.append(f'database_url = "{database_url}"')
    if s3_backend:
        lines += [f's3_backend = "{s3_backend}"', f's3_backend_credentials = "{s3_credentials}"']
    made = subprocess.run(
        [
            *daypass,
            "server",
            "init",
            "--config",
            str(config),
            "--root-email",
            ROOT_EMAIL,
            "--root-password-stdin",
        ]
        + (["--database-url", database_url] if database_url else []),
        input=PASSWORD + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    account = re.search(r"\b(\d{12})\b", made.stdout + made.stderr)
    config.write_text("\n".join(lines) + "\n")
    with start(
        pinned([*daypass, "serve", "--config", str(config)], core), log=folder / "serve.log"
    ) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for_http(url + "/readyz")
        yield OurServer(url, f"http://127.0.0.1:{s3_port}", process, account.group(1) if account else "")


def refresh_body(entry: CacheEntry, token: str) -> bytes:
    """The JSON body the AWS CLI sends."""
    return json.dumps(
        {"clientId": entry.client_id, "refreshToken": token, "grantType": "refresh_token"}
    ).encode()
