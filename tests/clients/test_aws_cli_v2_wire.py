"""What the unmodified AWS CLI version 2 sends: recorded between it and the server, and compared with its double.

The double then does what the program would not: it redeems one code twice.
"""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daypass.client.credential_cache import cache_file_name
from daypass.client.dpop_key import key_to_pem, new_key
from support.aws_cli_v2 import CliV2, sign_in
from support.aws_cli_v2_double import SAME_DEVICE, LoginDouble, Refused
from support.killed_server import killing_environment
from support.recording_proxy import Recorded, RecordingProxy, recording_proxy
from support.running_server import RunningServer, Terminal
from support.serving import PASSWORD, ROOT, Prepared, age_cache, prepare, serve

pytestmark = [pytest.mark.clients, pytest.mark.processes, pytest.mark.xdist_group("cli-v2")]

Site = tuple[RunningServer, RecordingProxy]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, unused_tcp_port_factory: Any) -> Iterator[Site]:
    """A server that everybody reaches through the proxy, and that knows itself by the proxy's address."""
    prepared = prepare(tmp_path_factory.mktemp("v2") / "server", unused_tcp_port_factory())
    yield from _recorded(prepared, {})


def _recorded(prepared: Prepared, environment: dict[str, str]) -> Iterator[Site]:
    with recording_proxy(prepared.port) as proxy:
        known_as = {"DAYPASS_EXTERNAL_URL": proxy.url, **environment}
        with serve(prepared, environment=known_as) as server:
            server.values = {"DAYPASS_ENDPOINT": proxy.url}
            yield server, proxy


def _code(url: str) -> str:
    return sign_in(ROOT, url).page.text_by_id["verification-code"]


def _shape(request: Recorded) -> Any:
    """All of it, with a word in place of what no two logins share."""
    body = re.sub(r'("(?:code|codeVerifier|refreshToken)": )"[^"]{60,}"', r'\1"…"', request.body.decode())
    headers = [(name, _stable(name, value)) for name, value in request.headers]
    return request.method, request.target, headers, re.sub("127.0.0.1:[0-9]+/oauth", "…/oauth", body)


def _stable(name: str, value: str) -> Any:
    if name == "DPoP":
        parts = [base64.urlsafe_b64decode(part + "==").decode() for part in value.split(".")[:2]]
        return [re.sub(r'"(x|y|jti|iat)":("[^"]+"|\d+)', r'"\1":…', part) for part in parts]
    if name == "amz-sdk-invocation-id":
        return re.sub("[0-9a-f]", "h", value)
    if name == "User-Agent":
        return re.match(r"aws-cli/2\.", value) is not None
    return value


def test_the_double_sends_what_the_program_sends(site: Site, terminal: Terminal) -> None:
    """Both requests to the token endpoint, every header in its order; the link of both devices. The log has no secret."""
    server, proxy = site
    cli = CliV2(terminal)
    cli.knows(server)
    links: list[str] = []
    proxy.requests.clear()
    same_device = cli.login(lambda url: links.append(url) or sign_in(ROOT, url))
    assert same_device.returncode == 0, same_device.stderr
    (of_same_device,) = proxy.taken("/v1/token")
    remote = cli.login_remote(lambda url: links.append(url) or _code(url))
    assert remote.returncode == 0, remote.stderr
    sent = proxy.taken("/v1/token")
    age_cache(terminal)
    cli.said("configure", "export-credentials")
    sent += proxy.taken("/v1/token")

    double = LoginDouble(proxy.url)
    tokens = double.redeem(_code(double.url))
    double.refresh(tokens["refreshToken"])
    assert [_shape(each) for each in sent] == [_shape(each) for each in proxy.taken("/v1/token")]

    callback = re.search("http%3A%2F%2F127.0.0.1%3A[0-9]+%2Foauth%2Fcallback", links[0])
    assert callback is not None, links[0]
    here = LoginDouble(proxy.url, SAME_DEVICE, json.loads(of_same_device.body)["redirectUri"])
    fresh = r"(state|code_challenge)=[\w-]+"
    assert [re.sub(fresh, r"\1=…", link) for link in links] == [
        re.sub(fresh, r"\1=…", login.url) for login in (here, double)
    ]

    log, entry = server.log.read_text(), cli.entry
    assert "/v1/token" in log
    kept = (
        entry["refreshToken"],
        *(entry["accessToken"][name] for name in ("secretAccessKey", "sessionToken")),
    )
    for secret in (*kept, PASSWORD, double.verifier, "code=", "ASOR"):
        assert secret not in log


@pytest.mark.parametrize("where", ["after:login_sessions.redeem", "after:login_sessions.rotate"])
def test_an_answer_lost_after_the_commit_is_asked_for_again(
    tmp_path: Path, unused_tcp_port: int, terminal: Terminal, where: str
) -> None:
    """The server dies between its commit and its answer; the next attempt brings the same proof, and is answered."""
    environment, flag = killing_environment(tmp_path, where)
    for server, proxy in _recorded(prepare(tmp_path / "server", unused_tcp_port), environment):
        cli = CliV2(terminal)
        cli.knows(server)
        if "redeem" in where:
            flag.touch()
        cli.signs_in(ROOT)
        if "rotate" in where:
            proxy.taken("/v1/token")
            age_cache(terminal)
            flag.touch()
        assert json.loads(cli.said("sts", "get-caller-identity"))["Arn"].endswith(":root")
        assert not flag.exists(), "the server did not die"
        attempts = proxy.taken("/v1/token")
    assert len(attempts) >= 2
    assert len({(each.header("DPoP"), each.header("amz-sdk-invocation-id")) for each in attempts}) == 1
    assert attempts[1].header("amz-sdk-request").startswith("attempt=2")


def test_a_code_cannot_be_used_twice_by_another_request(site: Site) -> None:
    """The second redemption is refused and ends what the first one began (RFC 6749 §4.1.2)."""
    double = LoginDouble(site[1].url)
    code = _code(double.url)
    tokens = double.redeem(code)
    with pytest.raises(Refused, match="INVALID_REQUEST"):
        double.redeem(code)
    with pytest.raises(Refused, match="TOKEN_EXPIRED"):
        double.refresh(tokens["refreshToken"])


def test_a_key_saved_without_its_leading_zero_is_mended_by_daypass(site: Site, terminal: Terminal) -> None:
    """As the program saves one key in 256: it cannot renew with it; daypass can, and then the program can again."""
    server, proxy = site
    cli = CliV2(terminal)
    cli.knows(server)
    while (key := new_key()).private_numbers().private_value >> 248:
        pass
    double = LoginDouble(proxy.url, key=key)
    tokens = double.redeem(_code(double.url))
    whole = base64.b64decode("".join(key_to_pem(key).reveal().splitlines()[1:-1]))
    short = bytes((0x30, 0x76, 2, 1, 1, 4, 31)) + whole[8:]
    body = base64.encodebytes(short).decode()
    account = json.loads(base64.urlsafe_b64decode(tokens["idToken"].split(".")[1] + "=="))["sub"].split(":")[
        4
    ]
    session = f"arn:aws:iam::{account}:root"
    entry = {
        "accessToken": {**tokens["accessToken"], "accountId": account, "expiresAt": "2020-01-01T00:00:00Z"},
        **{name: tokens[name] for name in ("tokenType", "refreshToken", "idToken")},
        "clientId": double.client_id,
        "dpopKey": f"-----BEGIN EC PRIVATE KEY-----\n{body}-----END EC PRIVATE KEY-----\n",
    }
    cli.cache.mkdir(parents=True)
    (cli.cache / cache_file_name(session)).write_text(json.dumps(entry))
    cli.config.write_text(
        cli.config.read_text().replace("[default]\n", f"[default]\nlogin_session = {session}\n")
    )
    assert "AWS_ERROR_CAL_UNSUPPORTED_KEY_FORMAT" in cli.run("sts", "get-caller-identity").stderr
    mended = terminal.daypass("credential-process", "--profile", "default")
    assert mended.returncode == 0, mended.stderr
    age_cache(terminal)
    assert json.loads(cli.said("sts", "get-caller-identity"))["Arn"] == session
