"""`daypass login` as the person lives it: what is said, what is saved, and what is not when it goes wrong."""

import json
import re
import time
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from daypass.cli import login, login_ways
from daypass.client.session_cache import format_time, parse_time
from daypass.errors import DaypassError, LoginDenied, LoginFailed, LoginMismatch, LoginTimedOut, Shadowed
from daypass.protocol.oauth.errors import InsufficientPermissions, InvalidRequest, TokenExpired
from daypass.protocol.oauth.id_token import build_id_token, read_session_end

if TYPE_CHECKING:
    from conftest import Person

ARN = "arn:aws:iam::111122223333:user/dev"
OTHER = "arn:aws:iam::111122223333:user/other"


def saved_nothing(person: "Person", config: str = "") -> bool:
    """The profile file is byte for byte what it was and no session is kept."""
    return person.config == config and person.cache.login_files() == []


def test_a_login_by_browser_leaves_a_profile_every_sdk_understands(
    person: "Person", capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole file compared: services, region, S3's settings, the session."""
    person.click = person.fake.approve
    assert person.login("--profile", "dev") == 0
    url = person.fake.base_url
    assert person.config == (
        "[profile dev]\n"
        "region = us-east-1\n"
        "s3 =\n  addressing_style = path\n  signature_version = s3v4\n"
        "services = daypass-dev\n"
        f"login_session = {ARN}\n"
        "\n[services daypass-dev]\n"
        f"signin =\n  endpoint_url = {url}\nsts =\n  endpoint_url = {url}\niam =\n  endpoint_url = {url}\n"
        f"cloudtrail =\n  endpoint_url = {url}\n"
        "s3 =\n  endpoint_url = https://s3.example.com\n"
    )
    entry = person.cache.load(ARN)
    assert entry is not None
    assert (entry.access_key_id, entry.sign_in_region) == ("ASIA0", "us-east-1")
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "daypass: opening your browser; if nothing opens, use this link:",
        "",
        person.link,
        "",
        "daypass: no browser on this machine? press Ctrl-C and add --remote",
        f'daypass: profile "dev" is signed in as {ARN} for 12 h',
        "daypass: try: aws sts get-caller-identity --profile dev",
    ]
    assert "<h1>Signed in</h1>" in person.read_page()
    assert person.page_status == 200


def test_nothing_secret_is_said(person: "Person", capsys: pytest.CaptureFixture[str]) -> None:
    person.click = person.fake.approve
    person.login()
    entry = person.cache.load(ARN)
    assert entry is not None
    told = "".join(capsys.readouterr()) + person.read_page()
    for secret in (entry.secret_access_key, entry.session_token, entry.refresh_token, entry.id_token):
        assert secret.reveal() not in told


def test_without_a_browser_only_the_link_is_shown(
    person: "Person", capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_ways, "_PATIENCE", 0.05)
    person.click = person.fake.approve
    with pytest.raises(LoginTimedOut) as caught:
        person.login("--no-browser")
    assert caught.value.exit_code == 7
    assert capsys.readouterr().err.startswith("daypass: open this link in a browser:\n\nhttp://127.0.0.1:")
    assert saved_nothing(person)


def test_a_no_in_the_browser_is_a_no_in_the_terminal_and_on_the_page(person: "Person") -> None:
    person.click = person.fake.deny
    with pytest.raises(LoginDenied):
        person.login()
    assert "<h1>Sign-in failed</h1><p>The sign-in was refused.</p>" in person.read_page()
    assert saved_nothing(person)


@pytest.mark.parametrize(
    ("refusal", "error"),
    [(InsufficientPermissions("x"), LoginDenied), (InvalidRequest("bad"), LoginFailed)],
)
def test_the_page_shows_a_failed_exchange_as_failed(
    person: "Person", refusal: InvalidRequest, error: type[DaypassError]
) -> None:
    """The redirect carried a code; the exchange decides."""
    person.click = person.fake.approve
    person.fake.refusal = refusal
    with pytest.raises(error):
        person.login()
    assert "<h1>Sign-in failed</h1>" in person.read_page()
    assert person.page_status == 400
    assert saved_nothing(person)


def test_a_profile_keeps_its_identity(person: "Person") -> None:
    config = f"[profile dev]\nlogin_session = {OTHER}\nregion = us-east-1\n"
    person.write_config(config)
    person.click = person.fake.approve
    with pytest.raises(LoginMismatch, match="nothing was changed") as caught:
        person.login("--profile", "dev")
    assert caught.value.hint == "daypass login --profile dev --switch"
    assert "Sign-in failed" in person.read_page()
    assert saved_nothing(person, config)


def test_switch_lets_it_change(person: "Person") -> None:
    person.write_config(f"[profile dev]\nlogin_session = {OTHER}\nregion = us-east-1\n")
    person.click = person.fake.approve
    assert person.login("--profile", "dev", "--switch") == 0
    assert f"login_session = {ARN}\n" in person.config
    assert OTHER not in person.config


@pytest.mark.parametrize("yes", ["y", "Y", "yes"])
def test_a_person_at_a_terminal_is_asked_and_may_say_yes(person: "Person", yes: str) -> None:
    person.write_config(f"[profile dev]\nlogin_session = {OTHER}\nregion = us-east-1\n")
    person.click, person.is_tty, person.typed = person.fake.approve, True, [yes]
    assert person.login("--profile", "dev") == 0
    assert f"login_session = {ARN}\n" in person.config


@pytest.mark.parametrize("typed", [["n"], [""], [], ["what"]], ids=["no", "enter", "end of input", "word"])
def test_anything_but_yes_is_no(person: "Person", typed: list[str]) -> None:
    config = f"[profile dev]\nlogin_session = {OTHER}\nregion = us-east-1\n"
    person.write_config(config)
    person.click, person.is_tty, person.typed = person.fake.approve, True, list(typed)
    with pytest.raises(LoginMismatch):
        person.login("--profile", "dev")
    assert saved_nothing(person, config)


def test_signing_in_again_as_the_same_person_asks_nothing(person: "Person") -> None:
    person.write_config(f"[profile dev]\nlogin_session = {ARN}\nregion = us-east-1\n")
    person.click = person.fake.approve
    assert person.login("--profile", "dev") == 0


def test_another_account_at_sts_is_a_mismatch_and_saves_nothing(person: "Person") -> None:
    person.fake.sts_account = "999999999999"
    person.click = person.fake.approve
    with pytest.raises(LoginMismatch, match="nothing was changed") as caught:
        person.login()
    assert caught.value.exit_code == 6
    assert "Sign-in failed" in person.read_page()
    assert saved_nothing(person)


@pytest.mark.parametrize("status", [403, 404, 302])
def test_an_sts_that_does_not_answer_well_is_a_warning_only(
    person: "Person", capsys: pytest.CaptureFixture[str], status: int
) -> None:
    """A network may reach the sign-in service and not STS."""
    person.fake.sts_status = status
    person.click = person.fake.approve
    assert person.login() == 0
    assert f"daypass: not verified: the new credentials were not accepted by STS (HTTP {status})" in (
        capsys.readouterr().err.splitlines()
    )
    assert person.cache.load(ARN) is not None
    assert "Signed in" in person.read_page()


def test_the_pasted_code_signs_in(person: "Person", capsys: pytest.CaptureFixture[str]) -> None:
    person.typed = [person.fake.code_to_paste]
    assert person.login("--remote") == 0
    assert person.cache.load(ARN) is not None
    assert capsys.readouterr().err.startswith(
        f"daypass: open this link in a browser on any device and sign in there:\n\n{person.link}\n\n"
        "daypass: paste the code that the page shows: "
    )


def test_empty_lines_before_the_code_are_no_answer(person: "Person") -> None:
    person.typed = ["", "   ", lambda link: f"  {person.fake.code_to_paste(link)} "]
    assert person.login("--remote") == 0


@pytest.mark.parametrize(
    ("typed", "word", "exit_code"),
    [
        (["!!! no code !!!"], "remote_protocol", 5),
        (["c3RhdGU9eA=="], "login_mismatch", 6),
        ([], "login_failed", 5),
        ([""], "login_failed", 5),
    ],
    ids=["garbage", "another state", "end of input", "an empty line, then the end"],
)
def test_what_is_not_the_code_ends_the_login_and_saves_nothing(
    person: "Person", typed: list[str], word: str, exit_code: int
) -> None:
    person.typed = list(typed)
    with pytest.raises(DaypassError) as caught:
        person.login("--remote")
    assert (caught.value.code, caught.value.exit_code) == (word, exit_code)
    assert caught.value.hint
    assert saved_nothing(person)
    assert person.fake.token_calls == 0


def test_a_true_code_of_another_login_is_refused_unredeemed(person: "Person") -> None:
    person.typed = [lambda link: person.fake.code_to_paste(link, state="another")]
    with pytest.raises(LoginMismatch):
        person.login("--remote")
    assert person.fake.token_calls == 0
    assert saved_nothing(person)


@pytest.mark.parametrize(
    ("before", "words", "environ", "region"),
    [
        ("", [], {}, "us-east-1"),
        ("", ["--region", "eu-west-1"], {"AWS_REGION": "us-west-2"}, "eu-west-1"),
        ("", [], {"AWS_REGION": "us-west-2"}, "us-west-2"),
        ("region = ap-south-1\n", ["--region", "eu-west-1"], {}, "eu-west-1"),
        ("region = ap-south-1\n", [], {"AWS_REGION": "us-west-2"}, "ap-south-1"),
        ("region = ap-south-1\n", [], {}, "ap-south-1"),
    ],
)
def test_the_profiles_region_changes_only_by_the_flag(
    person: "Person",
    monkeypatch: pytest.MonkeyPatch,
    before: str,
    words: list[str],
    environ: dict[str, str],
    region: str,
) -> None:
    """A variable of this shell is used, and written only where the profile had no region."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    person.write_config(f"[default]\n{before}")
    person.typed = [person.fake.code_to_paste]
    person.login("--remote", *words)
    assert [line for line in person.config.splitlines() if line.startswith("region")] == [
        f"region = {region}"
    ]


@pytest.mark.parametrize(
    ("metadata", "words", "endpoint"),
    [
        (b"{}", [], None),
        (b"{}", ["--s3-endpoint-url", "https://own.example"], "https://own.example"),
        (
            b'{"s3_endpoint": "https://s3.example"}',
            ["--s3-endpoint-url", "https://own.example"],
            "https://own.example",
        ),
    ],
)
def test_the_s3_endpoint_is_the_flags_or_the_services_or_nobodys(
    person: "Person", metadata: bytes, words: list[str], endpoint: str | None
) -> None:
    person.fake.metadata = metadata
    person.typed = [person.fake.code_to_paste]
    person.login("--remote", *words)
    assert (f"s3 =\n  endpoint_url = {endpoint}\n" in person.config) == (endpoint is not None)
    assert ("addressing_style = path" in person.config) == (endpoint is not None)


@pytest.mark.parametrize("url", ["s3.example", "file:///x", "https://a b", "https://a\n[default]"])
def test_an_s3_endpoint_that_is_no_address_is_refused(person: "Person", url: str) -> None:
    with pytest.raises(DaypassError) as caught:
        person.login("--s3-endpoint-url", url)
    assert caught.value.code == "usage"
    assert saved_nothing(person)


def test_the_profiles_own_service_is_used_without_a_flag_and_its_section_stays(person: "Person") -> None:
    """A second login needs no address, and its STS is that service's."""
    person.typed = [person.fake.code_to_paste]
    person.login("--remote")
    before = person.config
    person.typed = [person.fake.code_to_paste]
    asked = len(person.fake.requests)
    assert login.run(["--remote", "--force"]) == 0
    assert [request.url for request in person.fake.requests[asked:]] == [
        person.fake.base_url + "/.well-known/oauth-authorization-server",
        person.fake.base_url + "/v1/token",
        person.fake.base_url + "/",
    ]
    assert sorted(person.config.splitlines()) == sorted(before.splitlines())


def test_a_variable_that_would_win_is_refused_before_any_network_unless_allowed(
    person: "Person", monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "never-shown")
    person.typed = [person.fake.code_to_paste]
    with pytest.raises(Shadowed) as caught:
        person.login("--remote")
    assert (caught.value.code, caught.value.exit_code) == ("shadowed", 6)
    assert person.fake.requests == []
    assert saved_nothing(person)
    assert person.login("--remote", "--allow-shadowed") == 0
    told = capsys.readouterr().err
    assert told.startswith("daypass: AWS_ACCESS_KEY_ID is set and would be used instead of this sign-in\n")
    assert "never-shown" not in told


def test_a_lone_session_token_shadows_nothing(person: "Person", monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's programs look for the key id first."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "alone")
    person.typed = [person.fake.code_to_paste]
    assert person.login("--remote") == 0


def test_who_is_signed_in_for_long_is_not_sent_to_a_browser(
    person: "Person", capsys: pytest.CaptureFixture[str]
) -> None:
    """One refresh proves it; nothing is asked, and the session goes on."""
    person.click = person.fake.approve
    person.login()
    capsys.readouterr()
    calls = person.fake.token_calls
    assert person.login("--no-input") == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert re.fullmatch(
        rf'daypass: profile "default" is already signed in as {ARN} for 1[12] h( 59 min)?; --force begins a new session\n',
        told.err,
    )
    assert person.fake.token_calls == calls + 1
    entry = person.cache.load(ARN)
    assert entry is not None
    assert entry.access_key_id == "ASIA1"


@pytest.mark.parametrize("words", [["--force"], ["--switch"], ["--region", "eu-west-1"]])
def test_a_new_session_begins_when_that_is_what_was_asked(person: "Person", words: list[str]) -> None:
    person.click = person.fake.approve
    person.login()
    first = person.link
    assert person.login(*words) == 0
    assert person.link != first


def test_a_session_that_is_refused_or_near_its_end_is_no_reason_to_stay(person: "Person") -> None:
    """The hint of a revoked session says `daypass login`: it must begin a new one."""
    person.click = person.fake.approve
    person.login()
    first, person.fake.refusal = person.link, TokenExpired("revoked")
    with pytest.raises(LoginFailed):
        person.login()
    assert person.link != first
    person.fake.refusal = None
    now = int(time.time())
    person.fake.id_token = build_id_token(
        ec.derive_private_key(0x1D, ec.SECP256R1()),
        key_id="k",
        issuer="x",
        subject=ARN,
        audience="y",
        now=now - 43_200 + 1_700,
    )
    person.login("--force")
    second = person.link
    assert person.login() == 0
    assert person.link != second


def test_the_event_lines_of_a_login(person: "Person", capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, in order; nothing else on standard output, and no secret."""
    person.click = person.fake.approve
    assert person.login("--json", "--profile", "dev") == 0
    told = capsys.readouterr()
    events = [json.loads(line) for line in told.out.splitlines()]
    entry = person.cache.load(ARN)
    assert entry is not None
    ends_at = read_session_end(entry.id_token.reveal())
    assert ends_at is not None
    assert events == [
        {"event": "url", "url": person.link, "profile": "dev", "opens_browser": True},
        {"event": "waiting", "deadline": events[1]["deadline"]},
        {"event": "code_received"},
        {
            "event": "signed_in",
            "identity": ARN,
            "account": "111122223333",
            "profile": "dev",
            "credentials_expire_at": format_time(entry.expires_at),
            "session_ends_at": format_time(ends_at),
            "is_new": True,
        },
    ]
    assert abs(parse_time(events[1]["deadline"]) - time.time() - 600) < 60
    for secret in (entry.secret_access_key, entry.session_token, entry.refresh_token, entry.id_token):
        assert secret.reveal() not in told.out
    assert person.login("--json", "--profile", "dev") == 0
    (again,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (again["event"], again["identity"], again["is_new"]) == ("signed_in", ARN, False)


def test_a_failed_login_ends_with_an_error_event(
    person: "Person", capsys: pytest.CaptureFixture[str]
) -> None:
    person.click = person.fake.deny
    with pytest.raises(LoginDenied):
        person.login("--json")
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["url", "waiting", "error"]
    assert events[-1] == {
        "event": "error",
        "code": "login_denied",
        "message": "the sign-in was refused",
        "next": "daypass login",
    }
