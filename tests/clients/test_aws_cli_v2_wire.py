"""`aws login` of the AWS CLI v2, by its wire: both devices, refresh, retries, and each error it tells apart."""

import base64
import json
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from support.aws_cli_v2_double import AwsCliV2, CliError
from support.form_browser import FormBrowser
from support.killed_server import killing_environment
from support.running_server import RunningServer, new_terminal
from support.serving import PASSWORD, ROOT, Prepared, prepare, serve

pytestmark = [pytest.mark.clients, pytest.mark.processes, pytest.mark.xdist_group("cli-v2")]

AWS = str(Path(sys.executable).parent / "aws")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, unused_tcp_port_factory: Any) -> Prepared:
    return prepare(tmp_path_factory.mktemp("v2") / "server", unused_tcp_port_factory())


@pytest.fixture(scope="module")
def server(prepared: Prepared) -> Iterator[RunningServer]:
    with serve(prepared) as running:
        yield running


@pytest.fixture
def cli(server: RunningServer, tmp_path: Path) -> AwsCliV2:
    return AwsCliV2(server.endpoint, tmp_path / "cache")


def _sign_in(person: dict[str, str], url: str) -> FormBrowser:
    browser = FormBrowser()
    browser.open(url)
    browser.follow("Continue with root or IAM user")
    browser.press("Sign in", **person)
    return browser


def _iam(cli: AwsCliV2, session: str) -> Any:
    token = json.loads(cli.path(session).read_text())["accessToken"]
    return boto3.client(
        "iam",
        endpoint_url=cli.endpoint,
        region_name="us-east-1",
        aws_access_key_id=token["accessKeyId"],
        aws_secret_access_key=token["secretAccessKey"],
        aws_session_token=token["sessionToken"],
    )


def test_login_on_the_same_device_and_the_sdk_reads_its_cache(cli: AwsCliV2) -> None:
    """The file the CLI writes serves an unmodified `aws` of version 1 through botocore's login provider."""
    session = cli.login_same_device(lambda url: _sign_in(ROOT, url))
    assert session.endswith(":root")
    with new_terminal() as terminal:
        config = terminal.home / ".aws" / "config"
        config.parent.mkdir(parents=True)
        config.write_text(
            f"[default]\nlogin_session = {session}\nregion = us-east-1\nendpoint_url = {cli.endpoint}\n"
        )
        run = terminal.run(
            AWS, "sts", "get-caller-identity", AWS_LOGIN_CACHE_DIRECTORY=str(cli.cache_directory)
        )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["Arn"] == session


def test_login_from_another_device_by_the_pasted_code(cli: AwsCliV2) -> None:
    """What the page shows survives the CLI's lossy base64 decoding."""
    session = cli.login_cross_device(lambda url: _sign_in(ROOT, url).page.text_by_id["verification-code"])
    assert cli.refresh(session)["refreshToken"]


def test_refresh_gives_new_credentials_and_keeps_the_rest(cli: AwsCliV2) -> None:
    """Rotation: another refresh token, another key; the other members stay."""
    session = cli.login_same_device(lambda url: _sign_in(ROOT, url))
    before = json.loads(cli.path(session).read_text())
    after = cli.refresh(session)
    assert after["refreshToken"] != before["refreshToken"]
    assert after["accessToken"]["accessKeyId"] != before["accessToken"]["accessKeyId"]
    assert {name: after[name] for name in ("idToken", "dpopKey", "clientId", "tokenType")} == {
        name: before[name] for name in ("idToken", "dpopKey", "clientId", "tokenType")
    }


@pytest.mark.parametrize("where", ["after:login_sessions.redeem", "after:login_sessions.rotate"])
def test_a_retry_with_the_same_proof_after_a_lost_answer_succeeds(
    tmp_path: Path, unused_tcp_port: int, where: str
) -> None:
    """The CLI signs one proof for all attempts; the server dies after its commit; the next attempt is answered."""
    environment, flag = killing_environment(tmp_path, where)
    with serve(prepare(tmp_path / "server", unused_tcp_port), environment=environment) as server:
        cli = AwsCliV2(server.endpoint, tmp_path / "cache")
        if "rotate" in where:
            session = cli.login_same_device(lambda url: _sign_in(ROOT, url))
            cli.attempts_seen.clear()
            flag.touch()
            cli.refresh(session)
        else:
            flag.touch()
            cli.login_same_device(lambda url: _sign_in(ROOT, url))
        assert not flag.exists(), "the server did not die"
        assert len(cli.attempts_seen) >= 2
        assert len(set(cli.attempts_seen)) == 1


def test_each_refusal_reaches_the_person_in_its_own_words(cli: AwsCliV2) -> None:
    """Denied in the browser, permission removed, password changed, session gone."""
    root = cli.login_same_device(lambda url: _sign_in(ROOT, url))
    iam, account = _iam(cli, root), root.split(":")[4]
    policy = "arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess"
    iam.create_user(UserName="ann")
    iam.create_login_profile(UserName="ann", Password=PASSWORD)
    ann = {"kind": "user", "account": account, "user_name": "ann", "password": PASSWORD}

    url, *_ = cli.begin("arn:aws:signin:::devtools/same-device", "http://127.0.0.1:9/oauth/callback")
    refused = _sign_in(ann, url)
    assert "Access denied" in refused.html
    assert "SignInLocalDevelopmentAccess" in refused.html

    iam.attach_user_policy(UserName="ann", PolicyArn=policy)
    session = cli.login_same_device(lambda url: _sign_in(ann, url))
    iam.detach_user_policy(UserName="ann", PolicyArn=policy)
    with pytest.raises(CliError, match="Insufficient permissions") as caught:
        cli.refresh(session)
    assert caught.value.exit_code == 255

    iam.attach_user_policy(UserName="ann", PolicyArn=policy)
    cli.refresh(session)
    iam.update_login_profile(UserName="ann", Password=PASSWORD + " changed")
    with pytest.raises(CliError, match="password changed"):
        cli.refresh(session)

    iam.detach_user_policy(UserName="ann", PolicyArn=policy)
    iam.delete_login_profile(UserName="ann")
    iam.delete_user(UserName="ann")
    with pytest.raises(CliError, match="session has expired"):
        cli.refresh(session)


def test_an_old_generation_is_told_that_its_session_expired(cli: AwsCliV2) -> None:
    """Two refreshes later the first token is not a repeat any more."""
    session = cli.login_same_device(lambda url: _sign_in(ROOT, url))
    first = cli.path(session).read_text()
    cli.refresh(session)
    cli.refresh(session)
    cli.path(session).write_text(first)
    with pytest.raises(CliError, match="session has expired"):
        cli.refresh(session)


def test_a_code_cannot_be_used_twice_by_another_request(cli: AwsCliV2) -> None:
    """The second redemption is refused and ends what the first one began (RFC 6749 §4.1.2)."""
    url, _, verifier, key = cli.begin(
        "arn:aws:signin:::devtools/cross-device", cli.endpoint + "/v1/sessions/confirmation"
    )
    browser = _sign_in(ROOT, url)

    code = urllib.parse.parse_qs(base64.b64decode(browser.page.text_by_id["verification-code"]).decode())[
        "code"
    ][0]
    words = (
        "arn:aws:signin:::devtools/cross-device",
        code,
        verifier,
        cli.endpoint + "/v1/sessions/confirmation",
        key,
    )
    session = cli._redeem(*words)
    with pytest.raises(CliError) as caught:
        cli._redeem(*words)
    assert caught.value.exit_code == 254
    with pytest.raises(CliError, match="session has expired"):
        cli.refresh(session)


def test_nothing_secret_is_in_the_server_s_log(server: RunningServer, cli: AwsCliV2) -> None:
    """Tokens, codes, verifiers, passwords and secret keys never reach it."""
    session = cli.login_same_device(lambda url: _sign_in(ROOT, url))
    cli.refresh(session)
    entry = json.loads(cli.path(session).read_text())
    log = server.log.read_text()
    assert '"POST"' in log or "/v1/token" in log
    for secret in (
        entry["refreshToken"],
        entry["accessToken"]["secretAccessKey"],
        entry["accessToken"]["sessionToken"],
        PASSWORD,
        "code=",
        "ASOR",
    ):
        assert secret not in log
