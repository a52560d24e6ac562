"""The pasted code: written the one way the AWS CLI reads, read in every way a person pastes."""

import base64

import pytest

from daypass.errors import LoginDenied, LoginMismatch, RemoteProtocolError
from daypass.protocol.oauth.verification_code import build_verification_code, parse_pasted_code
from support.dpop_forge import load_vector

VECTOR = load_vector("signin-wire/paste-code.json")
STATE, CODE, TEXT = VECTOR["state"], VECTOR["code"], VECTOR["verification_code"]


def pasted(inner: str) -> str:
    """Base64 of any inner text."""
    return base64.b64encode(inner.encode()).decode()


def test_the_verification_code_is_the_projects_vector() -> None:
    """Standard alphabet, single line, values percent-encoded."""
    assert build_verification_code(state=STATE, code=CODE) == TEXT
    assert base64.b64decode(TEXT).decode() == VECTOR["inner_text"]
    assert parse_pasted_code(TEXT, expected_state=STATE) == CODE


def test_the_verification_code_keeps_its_padding() -> None:
    """The AWS CLI cannot decode without."""
    texts = [build_verification_code(state="s", code="c" * length) for length in (1, 2, 3)]
    assert {text.count("=") for text in texts} == {0, 1, 2}
    assert all(len(text) % 4 == 0 for text in texts)


@pytest.mark.parametrize("code", ["c", "cc", "ccc", "~~~???>>>", "a" * 300])
def test_every_spelling_of_the_pasted_code_is_read(code: str) -> None:
    """Both alphabets, with and without padding, white space anywhere."""
    text = build_verification_code(state=STATE, code=code)
    url_safe = text.replace("+", "-").replace("/", "_")
    broken = "\r\n".join(text[i : i + 20] for i in range(0, len(text), 20))
    for spelling in (
        text,
        text.rstrip("="),
        url_safe,
        url_safe.rstrip("="),
        f"  {text}\n",
        f"\t{broken}\u00a0",
    ):
        assert parse_pasted_code(spelling, expected_state=STATE) == code


@pytest.mark.parametrize(
    "address",
    [
        "https://signin.example.test/v1/sessions/confirmation?code=abc%2Bdef&state={state}",
        " http://127.0.0.1:49821/oauth/callback?state={state}&code=abc%2Bdef#top \n",
    ],
)
def test_a_whole_redirect_address_may_be_pasted(address: str) -> None:
    """People copy what they see in the address bar."""
    assert parse_pasted_code(address.format(state=STATE), expected_state=STATE) == CODE


@pytest.mark.parametrize(
    "inner", ["code=c", "state=other&code=c", "state=&code=c", f"state={STATE}&state={STATE}&code=c"]
)
def test_a_pasted_code_of_another_login_is_a_mismatch(inner: str) -> None:
    """Generous reading ends at the state."""
    with pytest.raises(LoginMismatch):
        parse_pasted_code(pasted(inner), expected_state=STATE)


def test_a_pasted_address_of_another_login_is_a_mismatch() -> None:
    """The same rule for both forms."""
    with pytest.raises(LoginMismatch):
        parse_pasted_code("https://h/?code=c&state=x", expected_state=STATE)


def test_a_pasted_refusal_is_a_denial() -> None:
    """Only when it answers our question."""
    with pytest.raises(LoginDenied):
        parse_pasted_code(f"https://h/?error=access_denied&state={STATE}", expected_state=STATE)


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "abc$",
        "é",
        "\ud800",
        TEXT[:-3] + "*",
        "https://[",
        "//://x",
        "A" * 16_385,
        "ab=cd",
        pasted("é=1"),
    ],
)
def test_text_that_is_no_verification_code_is_refused_with_one_error(text: str) -> None:
    """Half a code, another language, a broken address, a whole file."""
    with pytest.raises((RemoteProtocolError, LoginMismatch)):
        parse_pasted_code(text, expected_state=STATE)


@pytest.mark.parametrize("inner", [f"state={STATE}", f"state={STATE}&auth_code=c", f"state={STATE}&code="])
def test_a_pasted_text_without_a_code_is_refused(inner: str) -> None:
    """The key is `code`."""
    with pytest.raises(RemoteProtocolError):
        parse_pasted_code(pasted(inner), expected_state=STATE)


def test_an_overlong_paste_is_refused_before_it_is_read() -> None:
    """Even if the code is somewhere in it."""
    with pytest.raises(RemoteProtocolError, match="too long"):
        parse_pasted_code(TEXT.ljust(16_385), expected_state=STATE)
