"""Settings: one name in file, environment and flags; unknown names and unsafe combinations are refused."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings, strategies

from daypass.errors import ConfigError
from daypass.secret import Secret
from daypass.server.settings import Address, Settings, load_settings
from daypass.server.settings.reference import build_reference_page, build_settings_file

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "settings.md"


def _load(
    tmp_path: Path,
    text: str = "",
    *,
    environment: dict[str, str] | None = None,
    flags: dict[str, str | bool] | None = None,
) -> Settings:
    config = tmp_path / "daypass.toml"
    config.write_text(text)
    return load_settings(config, environment=environment or {}, flags=flags or {})


def test_an_empty_file_gives_the_defaults_with_places_beside_the_file(tmp_path: Path) -> None:
    loaded = _load(tmp_path)
    assert loaded.database_url == f"sqlite://{tmp_path}/daypass.db"
    assert loaded.key_ring_file == tmp_path / "key-ring.json"
    assert loaded.listen == Address("127.0.0.1", 8085)
    assert loaded.lifetimes.credentials == 900


def test_a_flag_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    text = "workers = 2\ncode_lifetime = 20\nkeep_alive = 20"
    loaded = _load(
        tmp_path,
        text,
        environment={"DAYPASS_CODE_LIFETIME": "30", "DAYPASS_KEEP_ALIVE": "30"},
        flags={"keep_alive": "40"},
    )
    assert (loaded.workers, loaded.code_lifetime, loaded.keep_alive) == (2, 30, 40)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('external_ulr = "https://x.example"', "no setting 'external_ulr'"),
        ("workers = 0", "workers must be 1 to 64 processes"),
        ("credentials_lifetime = 901", "credentials_lifetime must be 1 to 900 seconds"),
        ("workers = true", "workers must be a whole number"),
        ('listen = "8085"', "listen must be host:port"),
        ('listen = "::1:8085"', "IPv6 address in brackets"),
        ('trusted_proxies = ["proxy.example"]', "must list networks"),
        ('access_log = "perhaps"', "must be true or false"),
        ('key_ring = "{}"', "read only from the environment"),
        ('s3_backend_secret_access_key = "x"', "read only from the environment"),
        ('external_url = "https://x.example/"', "nothing behind it"),
        ('external_url = "https://user:pw@x.example"', "nothing behind it"),
        ('alternate_urls = ["ftp://x.example"]', "alternate_urls must be"),
        ('log_level = "loud"', "log_level must be"),
        ('refresh_reuse = "maybe"', "refresh_reuse must be"),
        ('region = "US EAST"', "region must be"),
        ('adopt_unowned_buckets_for_account = "12"', "twelve digits"),
        ('s3_backend = "http://127.0.0.1:1"', "its credentials are not"),
        ('s3_backend = "127.0.0.1:1"', "s3_backend must be"),
        ('tls_cert = "/nowhere"', "belong together"),
        ('tls_cert = "nowhere.pem"\ntls_key = "nowhere.key"', "there is no file"),
        ("workers = [", "is not TOML"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        _load(tmp_path, text)
    assert words in refusal.value.message


def test_an_unknown_setting_names_the_nearest_known_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        _load(tmp_path, 'external_ulr = "https://x.example"')
    assert refusal.value.hint == "did you mean external_url?"


def test_a_misspelt_environment_variable_is_refused_and_a_strange_one_is_not_ours(tmp_path: Path) -> None:
    _load(tmp_path, environment={"DAYPASS_SOMETHING_ELSE_ENTIRELY": "1"})
    with pytest.raises(ConfigError, match="trusted_proxys"):
        _load(tmp_path, environment={"DAYPASS_TRUSTED_PROXYS": "10.0.0.0/8"})


def test_a_wrong_secret_is_never_repeated(tmp_path: Path) -> None:
    loaded = _load(tmp_path, environment={"DAYPASS_KEY_RING": "the secret"})
    assert loaded.key_ring == Secret("the secret")
    assert "the secret" not in repr(loaded)


@pytest.mark.parametrize(
    "text",
    [
        'listen = "0.0.0.0:8085"\nexternal_url = "http://signin.example"',
        'listen = "0.0.0.0:8085"\nexternal_url = "https://signin.example"',
        'listen = "[::]:8085"\nexternal_url = "https://signin.example"',
        'listen = "192.0.2.1:8085"\nexternal_url = "http://127.0.0.1:8085"',
        'external_url = "http://signin.example"',
        's3_external_url = "http://s3.example"',
        'external_url = "http://signin.example"\ntrusted_proxies = ["10.0.0.0/8"]',
        's3_listen = "0.0.0.0:8086"\ns3_backend = "http://127.0.0.1:1"',
    ],
)
def test_plain_http_beyond_loopback_is_refused_without_the_long_flag(tmp_path: Path, text: str) -> None:
    keys = {"DAYPASS_S3_BACKEND_ACCESS_KEY_ID": "a", "DAYPASS_S3_BACKEND_SECRET_ACCESS_KEY": "b"}
    with pytest.raises(ConfigError, match="plain http"):
        _load(tmp_path, text, environment=keys)
    _load(tmp_path, text, environment=keys, flags={"i_understand_http_is_not_private": True})


def test_https_behind_a_named_proxy_is_private_enough(tmp_path: Path) -> None:
    text = (
        'listen = "0.0.0.0:8085"\nexternal_url = "https://signin.example"\ntrusted_proxies = ["10.0.0.0/8"]'
    )
    assert _load(tmp_path, text).external_url == "https://signin.example"


def test_beyond_loopback_the_external_url_must_be_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="external_url must be set"):
        _load(tmp_path, 'listen = "0.0.0.0:8085"\ni_understand_http_is_not_private = true')


def test_relative_paths_start_at_the_files_folder(tmp_path: Path) -> None:
    assert (
        _load(tmp_path, 'key_ring_file = "keys/ring.json"').key_ring_file == tmp_path / "keys" / "ring.json"
    )


def test_a_missing_settings_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_settings(tmp_path / "none.toml", environment={}, flags={})
    assert refusal.value.hint.startswith("daypass server init")


@settings(max_examples=200, deadline=None)
@example(name="external_url", value="http://[")
@example(name="external_url", value="https://x:99999")
@example(name="s3_backend", value="http://[::1")
@example(name="tls_cert", value="~nobody-here/x")
@example(name="tls_cert", value="\0")
@example(name="listen", value="x:\u0663")
@given(
    name=strategies.sampled_from(list(Settings.__slots__)),  # type: ignore[attr-defined]  # slots of a dataclass
    value=strategies.text(max_size=40),
)
def test_no_text_makes_the_settings_fail_otherwise_than_by_config_error(name: str, value: str) -> None:
    with suppress(ConfigError):
        load_settings(
            None, environment={f"DAYPASS_{name.upper()}": value}, flags={}, base_dir=Path("/nowhere")
        )


def test_the_file_init_writes_is_understood_and_says_what_it_was_told(tmp_path: Path) -> None:
    loaded = _load(tmp_path, build_settings_file({"workers": "3"}))
    assert loaded == _load(tmp_path, "workers = 3")


def test_every_commented_default_in_the_file_is_a_valid_value(tmp_path: Path) -> None:
    lines = [
        line.removeprefix("#")
        for line in build_settings_file({}).splitlines()
        if line.startswith("#") and not line.startswith("# ")
    ]
    assert _load(tmp_path, "\n".join(lines)) == _load(tmp_path)


def test_the_reference_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == build_reference_page(), "run: make docs"
