"""The gateway's keys for the store, the server's own names, and how long a replaced key must stay."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from daypass.errors import ConfigError
from daypass.secret import Secret
from daypass.server.commands.listening import own_s3_url, own_urls
from daypass.server.commands.rotate_keys import longest_life
from daypass.server.commands.serving import load_backend_keys
from daypass.server.settings import Settings


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


def _write(tmp_path: Path, text: str, mode: int = 0o600) -> Settings:
    path = tmp_path / "keys"
    path.write_text(text)
    path.chmod(mode)
    return replace(Settings(), s3_backend="http://127.0.0.1:1", s3_backend_credentials=path)


@pytest.mark.parametrize(
    "text",
    [
        '{"access_key_id": "ID", "secret_access_key": "SECRET"}',
        "[default]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n",
        "AWS_ACCESS_KEY_ID=ID\nAWS_SECRET_ACCESS_KEY=SECRET\n",
    ],
)
def test_the_stores_keys_are_read_from_a_file(tmp_path: Path, text: str) -> None:
    keys = load_backend_keys(_write(tmp_path, text))
    assert keys is not None
    assert (keys.access_key_id, keys.secret_access_key, keys.session_token) == ("ID", Secret("SECRET"), None)


def test_the_default_section_is_read_whatever_stands_before_it(tmp_path: Path) -> None:
    """An AWS credentials file may name other profiles first; their keys are not the store's."""
    text = "[other]\naws_access_key_id = WRONG\naws_secret_access_key = WRONG\n"
    text += "[default]\naws_access_key_id = ID\naws_secret_access_key = SECRET%\n"
    keys = load_backend_keys(_write(tmp_path, text))
    assert keys is not None
    assert (keys.access_key_id, keys.secret_access_key.reveal()) == ("ID", "SECRET%")


@pytest.mark.parametrize(
    "text", ["", "[]", '"x"', "{}", "aws_access_key_id = ID\n", '{"access_key_id": "SECRET"}']
)
def test_a_file_without_keys_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_backend_keys(_write(tmp_path, text))
    assert "SECRET" not in refusal.value.message + refusal.value.hint


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="others may read it"):
        load_backend_keys(_write(tmp_path, '{"access_key_id": "ID", "secret_access_key": "SECRET"}', 0o644))


def test_without_a_file_the_environments_keys_are_used() -> None:
    settings = replace(
        Settings(),
        s3_backend="http://127.0.0.1:1",
        s3_backend_access_key_id="ID",
        s3_backend_secret_access_key=Secret("SECRET"),
    )
    keys = load_backend_keys(settings)
    assert keys is not None
    assert keys.secret_access_key == Secret("SECRET")


def test_without_a_store_there_are_no_keys() -> None:
    assert load_backend_keys(Settings()) is None


def test_the_external_url_is_the_settings_word(listener: socket.socket) -> None:
    settings = replace(
        Settings(), external_url="https://signin.example", alternate_urls=("http://inside.example",)
    )
    assert own_urls(settings, listener) == ("https://signin.example", frozenset({"http://inside.example"}))


def test_on_loopback_the_bound_address_and_localhost_name_the_same_server(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert own_urls(Settings(), listener) == (
        f"http://127.0.0.1:{port}",
        frozenset({f"http://localhost:{port}"}),
    )


def test_the_gateways_name_is_the_settings_word_or_the_loopback_address(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert own_s3_url(Settings(), listener) == f"http://127.0.0.1:{port}"
    assert own_s3_url(Settings(), None) == ""
    assert (
        own_s3_url(replace(Settings(), s3_external_url="https://s3.example"), listener)
        == "https://s3.example"
    )


def test_a_replaced_key_outlives_everything_it_can_have_sealed() -> None:
    settings = replace(Settings(), login_session_lifetime=43_200, sign_in_session_lifetime=900)
    lifetimes = settings.lifetimes
    for life in (
        lifetimes.login_session,
        lifetimes.sign_in_session,
        lifetimes.code,
        lifetimes.pending_authorization,
    ):
        assert longest_life(settings) > life + lifetimes.credentials + 86_400
