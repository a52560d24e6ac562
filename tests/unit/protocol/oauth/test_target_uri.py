"""The normal form of a proof's target."""

import pytest

from daypass.errors import RemoteProtocolError
from daypass.protocol.oauth.target_uri import accepted_target_uris, normalize_target_uri


@pytest.mark.parametrize(
    ("uri", "normal"),
    [
        ("https://h/v1/token", "https://h/v1/token"),
        ("HTTPS://H.Example/v1/token", "https://h.example/v1/token"),
        ("https://h:443/v1/token", "https://h/v1/token"),
        ("https://h:/v1/token", "https://h/v1/token"),
        ("http://h:80/v1/token", "http://h/v1/token"),
        ("http://h:443/v1/token", "http://h:443/v1/token"),
        ("https://h:80/v1/token", "https://h:80/v1/token"),
        ("https://h:08443/v1/token", "https://h:8443/v1/token"),
        ("https://h/v1/token?a=b#c", "https://h/v1/token"),
        ("https://h/v1/token#?", "https://h/v1/token"),
        ("https://h", "https://h/"),
        ("https://h?x", "https://h/"),
        ("https://h/V1/Token", "https://h/V1/Token"),
        ("https://h/v1/token/", "https://h/v1/token/"),
        ("https://h//v1/token", "https://h//v1/token"),
        ("https://h/%76%31/t%6fken%2f%2F", "https://h/v1/token%2F%2F"),
        ("https://h/a/../v1/./token", "https://h/v1/token"),
        ("https://h/v1/token/..", "https://h/v1/"),
        ("https://h/../../v1", "https://h/v1"),
        ("http://[::1]:8080/v1/token", "http://[::1]:8080/v1/token"),
        ("http://[::1]/v1/token", "http://[::1]/v1/token"),
    ],
)
def test_a_target_has_one_normal_form(uri: str, normal: str) -> None:
    """RFC 3986 §6.2.2 and §6.2.3; path case counts."""
    assert normalize_target_uri(uri) == normal
    assert normalize_target_uri(normal) == normal


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "h/v1/token",
        "//h/v1/token",
        "https:///v1/token",
        "https://:443/v1/token",
        "ftp://h/v1/token",
        "https://user@h/v1/token",
        "https://user:secret@h/v1/token",
        "https://h:x/v1/token",
        "https://h:65536/v1/token",
        "https://h:-1/v1/token",
        "https://h\\@evil/v1/token",
        "https://h\\evil/v1/token",
        "https://h/v1\\token",
        "https://h/v1/to ken",
        "https://h/v1/\ntoken",
        " https://h/",
        "https://hé/",
        "https://[::1/",
        "https://h/" + "a" * 2048,
    ],
)
def test_text_that_is_no_absolute_http_uri_has_no_normal_form(uri: str) -> None:
    """Other schemes, user information, impossible ports, odd characters, excessive length."""
    with pytest.raises(RemoteProtocolError):
        normalize_target_uri(uri)


def test_only_plain_http_names_get_an_https_twin() -> None:
    """The twin keeps the port's text; a default port is the default of either scheme."""
    assert accepted_target_uris(frozenset({"https://h/t"})) == {"https://h/t"}
    assert accepted_target_uris(frozenset({"http://h:8080/t"})) == {"http://h:8080/t", "https://h:8080/t"}
    assert accepted_target_uris(frozenset({"http://h/t"})) == {"http://h/t", "https://h/t"}
    assert accepted_target_uris(frozenset({"http://h:80/t"})) == {
        "http://h/t",
        "https://h:80/t",
        "https://h/t",
    }
    assert accepted_target_uris(frozenset({"http://h:443/t"})) == {"http://h:443/t", "https://h/t"}
