"""Keys in texts: the secret that belongs to each, and the profile."""

import pytest

from daypass.client.key_text import masked, read_keys
from daypass.secret import Secret

KEY, OTHER = "AKIAY34FZKBOKMUTVV7A", "AKIAY34FZKBOKMUTVV7B"
ONE, TWO = "a" * 39 + "1", "b" * 39 + "/"


@pytest.mark.parametrize(
    "text",
    [
        f"export AWS_ACCESS_KEY_ID={KEY}\nexport AWS_SECRET_ACCESS_KEY={ONE}\n",
        f"AWS_SECRET_ACCESS_KEY='{ONE}'\nAWS_ACCESS_KEY_ID='{KEY}'\n",
        f"set -gx AWS_ACCESS_KEY_ID {KEY}; set -gx AWS_SECRET_ACCESS_KEY {ONE}",
        f'$Env:AWS_ACCESS_KEY_ID = "{KEY}"\r\n$Env:AWS_SECRET_ACCESS_KEY = "{ONE}"\r\n',
        f'{{"AWS_ACCESS_KEY_ID": "{KEY}", "AWS_SECRET_ACCESS_KEY": "{ONE}"}}',
        f"AWS_ACCESS_KEY_ID: {KEY}\nAWS_SECRET_ACCESS_KEY: {ONE}",
        f"# {KEY}\n# secret = {ONE}",
    ],
)
def test_the_secret_beside_a_key_is_found_in_every_spelling(text: str) -> None:
    (key,) = read_keys(text)
    assert (key.access_key_id, key.secret_access_key) == (KEY, Secret(ONE))


def test_each_key_gets_its_own_sections_secret_and_profile() -> None:
    """Also where the neighbour's secret is closer, and where letters are capital."""
    text = (
        f"[one]\nAWS_ACCESS_KEY_ID = {KEY}\nregion = x\noutput = y\naws_secret_access_key = {ONE}\n"
        f"[two]\naws_secret_access_key = {TWO}\naws_access_key_id={OTHER}\n[three]\n# was {KEY}\n"
    )
    read = [
        (key.access_key_id, key.line, key.profile, key.secret_access_key)
        for key in read_keys(text, is_ini=True)
    ]
    assert read == [(KEY, 2, "one", Secret(ONE)), (OTHER, 8, "two", Secret(TWO)), (KEY, 10, None, None)]


def test_the_config_files_sections_are_named_otherwise() -> None:
    text = f"[profile one]\naws_access_key_id = {KEY}\n[default]\naws_access_key_id = {OTHER}\n[x]\naws_access_key_id = {KEY}\n"
    assert [key.profile for key in read_keys(text, is_ini=True, is_config=True)] == ["one", "default", None]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("aws_secret_access_key = short", "aws_secret_access_key = ****************"),
        ("# AWS_SESSION_TOKEN: x", "# AWS_SESSION_TOKEN: ****************"),
        ("-aws_session_token=abc", "-aws_session_token=****************"),
        (f"note = {ONE}", "note = ****************"),
        (f"aws_access_key_id = {KEY}", f"aws_access_key_id = {KEY}"),
        ("region = eu-west-1", "region = eu-west-1"),
        ("known word", "**************** word"),
    ],
)
def test_what_may_be_a_secret_is_masked(line: str, shown: str) -> None:
    assert masked(line, (Secret("known"),)) == shown
