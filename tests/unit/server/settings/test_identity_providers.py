"""The setting `identity_providers`: what an entry may say, where secrets may be, and what a refusal never repeats."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies

from daypass.errors import ConfigError
from daypass.secret import Secret
from daypass.server.domain.provider_list import ListedProvider, OidcClient
from daypass.server.settings import Settings, load_settings
from daypass.server.settings.identity_providers import parse_identity_providers
from daypass.server.settings.reference import build_reference_page, build_settings_file
from support.page_blocks import read_blocks

SAML = "arn:aws:iam::111122223333:saml-provider/Corp"
OIDC = "arn:aws:iam::111122223333:oidc-provider/idp.example.com/realms/corp"
HIDDEN = "hunter2-is-a-secret"


def _load(tmp_path: Path, text: str = "", **environment: str) -> Settings:
    config = tmp_path / "daypass.toml"
    config.write_text(text)
    return load_settings(config, environment=environment, flags={})


def _table(**members: object) -> str:
    return "[[identity_providers]]\n" + "\n".join(
        f"{name} = {json.dumps(value)}" for name, value in members.items()
    )


def _secret_file(folder: Path, text: str = HIDDEN + "\n", mode: int = 0o600) -> str:
    path = folder / "idp-secret"
    path.write_text(text)
    path.chmod(mode)
    return path.name


def test_tables_of_the_file_become_listed_providers_in_order(tmp_path: Path) -> None:
    text = "\n".join(
        [
            "workers = 2",
            _table(provider_arn=SAML, label="Corp"),
            _table(
                provider_arn=OIDC,
                label="Corp by OpenID",
                client_id="daypass",
                client_secret_file=_secret_file(tmp_path),
                scopes="openid  email",
            ),
        ]
    )
    assert _load(tmp_path, text).identity_providers == (
        ListedProvider(SAML, "Corp", None),
        ListedProvider(OIDC, "Corp by OpenID", OidcClient(OIDC, "daypass", Secret(HIDDEN), "openid email")),
    )


def test_the_references_example_is_one_that_is_read(tmp_path: Path) -> None:
    (block,) = read_blocks(Path(__file__).parents[4] / "docs" / "reference" / "settings.md")
    _secret_file(tmp_path)
    (provider,) = _load(tmp_path, block.text).identity_providers
    assert (provider.label, provider.client is not None) == ("Example Company", True)


def test_the_environment_gives_the_list_as_json_and_the_secrets_apart(tmp_path: Path) -> None:
    entries = [{"provider_arn": OIDC, "label": "Corp", "client_id": "daypass"}]
    loaded = _load(
        tmp_path,
        DAYPASS_IDENTITY_PROVIDERS=json.dumps(entries),
        DAYPASS_OIDC_CLIENT_SECRETS=json.dumps({OIDC: HIDDEN}),
    )
    (provider,) = loaded.identity_providers
    assert provider.client is not None
    assert provider.client.client_secret == Secret(HIDDEN)
    assert HIDDEN not in repr(loaded)


def test_a_secret_of_the_environment_wins_over_the_files(tmp_path: Path) -> None:
    file = _secret_file(tmp_path, "old")
    text = _table(provider_arn=OIDC, label="Corp", client_id="daypass", client_secret_file=file)
    (provider,) = _load(
        tmp_path, text, DAYPASS_OIDC_CLIENT_SECRETS=json.dumps({OIDC: "new"})
    ).identity_providers
    assert provider.client is not None
    assert provider.client.client_secret == Secret("new")


def test_a_client_without_a_secret_is_a_public_one(tmp_path: Path) -> None:
    (provider,) = _load(
        tmp_path, _table(provider_arn=OIDC, label="Corp", client_id="daypass")
    ).identity_providers
    assert provider.client is not None
    assert not provider.client.client_secret


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"label": "Corp"}, "provider_arn must be like"),
        ({"provider_arn": "arn:aws:iam::1:saml-provider/Corp", "label": "Corp"}, "provider_arn must be like"),
        ({"provider_arn": "arn:aws:iam::111122223333:role/Corp", "label": "C"}, "provider_arn must be like"),
        ({"provider_arn": SAML + "/x", "label": "Corp"}, "provider_arn must be like"),
        ({"provider_arn": SAML}, "label must be"),
        ({"provider_arn": SAML, "label": ""}, "label must be"),
        ({"provider_arn": SAML, "label": "x" * 65}, "label must be"),
        ({"provider_arn": SAML, "label": "a\u202eb"}, "label must be"),
        ({"provider_arn": SAML, "label": 7}, "label must be a text"),
        ({"provider_arn": SAML, "label": "C", "client_id": "x"}, "client_id is for OpenID Connect"),
        ({"provider_arn": SAML, "label": "C", "client_secret_file": "x"}, "client_secret_file is for OpenID"),
        ({"provider_arn": OIDC, "label": "C"}, "client_id must be"),
        ({"provider_arn": OIDC, "label": "C", "client_id": "a b"}, "client_id must be"),
        ({"provider_arn": OIDC, "label": "C", "client_id": "x", "scopes": "email"}, "openid among them"),
        ({"provider_arn": OIDC, "label": "C", "client_id": "x", "client_secret": HIDDEN}, "mode 0600"),
        ({"provider_arn": OIDC, "label": "C", "clientid": "x"}, "did you mean client_id?"),
        ({"provider_arn": OIDC, "label": "C", "client_id": "x", "workers": 2}, "stand above the tables"),
        ({"provider_arn": OIDC, "label": "C", "client_id": "x", "client_secret_file": "none"}, "cannot read"),
    ],
)
def test_a_bad_entry_is_refused_by_number_and_member(
    tmp_path: Path, members: dict[str, object], words: str
) -> None:
    text = _table(provider_arn=SAML.replace("Corp", "First"), label="First") + "\n" + _table(**members)
    with pytest.raises(ConfigError) as refusal:
        _load(tmp_path, text)
    assert words in refusal.value.message
    assert "identity_providers number 2" in refusal.value.message
    assert HIDDEN not in refusal.value.message


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        (HIDDEN, 0o640, "chmod 600"),
        (HIDDEN, 0o604, "chmod 600"),
        ("", 0o600, "on one line"),
        (f"{HIDDEN}\nmore", 0o600, "on one line"),
        ("x" * 5000, 0o600, "on one line"),
    ],
)
def test_a_secret_file_is_for_its_owner_and_holds_one_line(
    tmp_path: Path, text: str, mode: int, words: str
) -> None:
    file = _secret_file(tmp_path, text, mode)
    with pytest.raises(ConfigError) as refusal:
        _load(tmp_path, _table(provider_arn=OIDC, label="C", client_id="x", client_secret_file=file))
    assert words in refusal.value.message
    assert HIDDEN not in refusal.value.message


@pytest.mark.parametrize(
    "secrets",
    [
        "{",
        "[]x",
        '["a"]',
        '{"a": 1}',
        '{"a": ""}',
        json.dumps({SAML: HIDDEN}),
        json.dumps({OIDC + "x": HIDDEN}),
    ],
)
def test_bad_secrets_of_the_environment_are_refused_and_never_repeated(tmp_path: Path, secrets: str) -> None:
    text = "\n".join(
        [_table(provider_arn=SAML, label="S"), _table(provider_arn=OIDC, label="C", client_id="x")]
    )
    with pytest.raises(ConfigError, match="oidc_client_secrets") as refusal:
        _load(tmp_path, text, DAYPASS_OIDC_CLIENT_SECRETS=secrets)
    assert HIDDEN not in refusal.value.message


def test_secrets_stand_in_no_file_and_on_no_command_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="read only from the environment"):
        _load(tmp_path, f"oidc_client_secrets = '{HIDDEN}'")
    with pytest.raises(ConfigError, match="read only from the environment"):
        load_settings(None, environment={}, flags={"oidc_client_secrets": HIDDEN}, base_dir=tmp_path)


@pytest.mark.parametrize(
    "second", [_table(provider_arn=SAML, label="Other"), _table(provider_arn=SAML + "2", label="CORP")]
)
def test_one_provider_or_label_is_listed_once(tmp_path: Path, second: str) -> None:
    with pytest.raises(ConfigError, match="twice"):
        _load(tmp_path, _table(provider_arn=SAML, label="Corp") + "\n" + second)


@pytest.mark.parametrize(
    "text", ["identity_providers = 7", 'identity_providers = ["x"]', "[identity_providers]"]
)
def test_what_is_no_list_of_tables_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="list of tables"):
        _load(tmp_path, text)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("idp.internal", "idp.internal"),
        ("IDP.internal:8443", "idp.internal:8443"),
        ("[::1]", "[::1]"),
        ("[::1]:80", "[::1]:80"),
    ],
)
def test_an_internal_provider_is_a_host_or_host_and_port(tmp_path: Path, written: str, meant: str) -> None:
    loaded = _load(tmp_path, f"internal_identity_providers = [{json.dumps(written)}]")
    assert loaded.internal_identity_providers == (meant,)


@pytest.mark.parametrize("written", ["https://idp.internal", "*", "a b", "a:99999", "::1", "a/b", "a:b", ""])
def test_what_is_no_host_is_no_internal_provider(tmp_path: Path, written: str) -> None:
    with pytest.raises(ConfigError, match="must list hosts"):
        _load(tmp_path, f"internal_identity_providers = [{json.dumps(written)}]")


@settings(max_examples=200, deadline=None)
@given(
    strategies.lists(
        strategies.dictionaries(
            strategies.sampled_from(
                ["provider_arn", "label", "client_id", "scopes", "client_secret_file", "x"]
            ),
            strategies.sampled_from([SAML, OIDC, "", "x", "openid", "\0", "~nobody-here/x", 7, None]),
        ),
        max_size=3,
    )
)
def test_no_list_of_tables_makes_the_parser_fail_otherwise_than_by_value_error(entries: list[object]) -> None:
    with suppress(ValueError):
        parse_identity_providers(entries, Path("/nowhere"))


def test_the_reference_and_the_written_file_show_a_whole_table(tmp_path: Path) -> None:
    page = build_reference_page()
    assert all(
        f"| `{name}` |" in page for name in ("provider_arn", "label", "client_id", "client_secret_file")
    )
    example = build_settings_file({}).partition("as the last lines of this file:\n")[2]
    _secret_file(tmp_path)
    loaded = _load(tmp_path, example.replace("# ", ""))
    assert [each.label for each in loaded.identity_providers] == ["Example Company"]
