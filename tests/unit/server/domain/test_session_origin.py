"""How a program names itself, in words for people. User agents as the programs sent them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.server.domain.session_origin import describe_program

SEEN = [
    (
        "aws-cli/2.33.1 md/awscrt#0.27.2 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.4",
        "AWS CLI 2.33.1 on Linux",
    ),
    (
        "Boto3/1.42.5 md/Botocore#1.42.5 ua/2.1 os/macos#24.1.0 lang/python#3.12.1 Botocore/1.42.5",
        "boto3 1.42.5 on macOS",
    ),
    ("daypass/0.1.0 Python/3.11 Linux", "daypass 0.1.0 on Linux"),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
        "Chrome 139 on Windows",
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
        "Safari 18 on macOS",
    ),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140 on Linux"),
    (
        "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36",
        "Chrome 139 on Android",
    ),
    ("", "an unknown program"),
    ("curl/8.5.0", "an unknown program"),
]


@pytest.mark.parametrize(("user_agent", "words"), SEEN)
def test_known_programs_are_named(user_agent: str, words: str) -> None:
    assert describe_program(user_agent) == words


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=256))
def test_no_user_agent_breaks_the_page(user_agent: str) -> None:
    assert 0 < len(describe_program(user_agent)) < 320
