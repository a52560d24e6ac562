"""How a person's own page reads: devices, browsers, terminals, and names that fit a serial number."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.oauth.registered_client import CROSS_DEVICE
from daypass.server.domain.identifiers import check_serial_number
from daypass.server.domain.mfa_device import MfaDevice, own_serial_number
from daypass.server.domain.own_account import BrowserView, LoginView
from daypass.server.domain.session_origin import SessionOrigin
from daypass.server.domain.session_scope import build_scope
from daypass.server.web.own_view import Line, read_device_name, view_browser, view_device, view_login
from support.storage_records import NOW, make_login_session, make_sign_in_session

FIREFOX = SessionOrigin("sign-in-one", "192.0.2.7", "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0", NOW)
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("phone", "phone"),
        ("  my   old phone ", "my-old-phone"),
        ("a" * 64, "a" * 64),
        ("a" * 65, None),
        ("", None),
        ("   ", None),
        ("köln", None),
        ("a/b", None),
        ("<b>", None),
    ],
)
def test_a_device_name_has_the_letters_of_a_serial_number(typed: str, name: str | None) -> None:
    assert read_device_name(typed) == name


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_every_name_that_is_taken_makes_a_serial_number_iam_takes_too(typed: str) -> None:
    name = read_device_name(typed)
    if name is not None:
        for kind in ("totp", "passkey"):
            serial = own_serial_number(kind, account_id="1" * 12, owner="u" * 64, name=name)
            assert check_serial_number("serialNumber", serial) == serial
            assert serial.rpartition("/")[2] == name


@pytest.mark.parametrize(("kind", "word"), [("totp", "Authenticator app"), ("passkey", "Passkey")])
def test_a_device_is_named_with_its_kind_and_day(kind: str, word: str) -> None:
    device = MfaDevice("arn:aws:iam::1:mfa/alice/phone", "1", "AIDA1", kind, NOW, NOW)  # type: ignore[arg-type]  # a word of the two
    assert view_device(device) == Line(device.serial_number, "phone", (word, "added 17 March 2030"))


def test_a_browser_says_what_it_is_where_it_is_and_when() -> None:
    session = make_sign_in_session("one", authenticated_at=NOW - 3600, last_used_at=NOW - 59)
    line = view_browser(BrowserView(session, FIREFOX, is_this_one=True), now=NOW)
    details = ("from 192.0.2.7", "signed in 1 h ago", "used just now")
    assert line == Line("sign-in-one", "Firefox 140 on Windows", details, is_this_one=True)


def test_a_browser_of_a_brokers_link_and_one_of_an_unknown_program_say_so() -> None:
    session = make_sign_in_session("one", authenticated_at=0, last_used_at=NOW - 60)
    line = view_browser(BrowserView(session, None, is_this_one=False), now=NOW)
    assert line == Line("sign-in-one", "Unknown program", ("by a link", "used 1 min ago"))
    silent = replace(FIREFOX, user_agent="", source_ip="")
    line = view_browser(BrowserView(session, silent, is_this_one=False), now=NOW)
    assert (line.name, line.details) == ("An unknown program", ("by a link", "used 1 min ago"))


def test_a_terminal_says_how_its_code_travelled_and_when_it_ends() -> None:
    origin = SessionOrigin("login-one", "192.0.2.8", "aws-cli/2.33.1 os/linux#6", NOW)
    session = make_login_session("one", created_at=NOW - 7260, ends_at=NOW + 3599)
    line = view_login(LoginView(session, origin), region="eu-north-1", now=NOW)
    details = (
        "from 192.0.2.8",
        "region eu-north-1",
        "same computer",
        "logged in 2 h 1 min ago",
        "ends in 59 min",
    )
    assert line == Line("login-one", "AWS CLI 2.33.1 on Linux", details)
    remote = msgspec.structs.replace(session, client_id=CROSS_DEVICE, generation=3, rotated_at=NOW - 120)
    assert "code typed by hand" in view_login(LoginView(remote, origin), region="eu-north-1", now=NOW).details
    assert (
        "refreshed 2 min ago" in view_login(LoginView(remote, origin), region="eu-north-1", now=NOW).details
    )


def test_a_program_keeps_its_own_spelling() -> None:
    origin = SessionOrigin("login-one", "192.0.2.8", "daypass/0.1.0 os/linux", NOW)
    line = view_login(LoginView(make_login_session("one"), origin), region="eu-north-1", now=NOW)
    assert line.name == "daypass 0.1.0 on Linux"


def test_a_narrowed_login_says_to_what() -> None:
    scope = build_scope(policy=POLICY, policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",), name="agent")
    session = make_login_session("one", scope=scope)
    details = view_login(LoginView(session, None), region="eu-north-1", now=NOW).details
    assert "narrowed: agent" in details
    assert any(detail.startswith("to ReadOnlyAccess, inline policy, sha256 ") for detail in details)
    assert "key jjjjjjjjjjjj…" in details
