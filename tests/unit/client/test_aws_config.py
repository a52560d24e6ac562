"""The person's AWS files: which setting wins, and that writing disturbs nothing."""

import stat
import threading
from pathlib import Path

import pytest

from daypass.client import aws_config
from daypass.client.atomic_file import hold_lock
from daypass.client.aws_config import AwsConfig, Profile, conflicting_credentials, load_config
from daypass.client.ini_text import Setting, set_values
from daypass.errors import ConfigError


def load(tmp_path: Path, config: str = "", keys: str = "") -> AwsConfig:
    (tmp_path / "config").write_text(config)
    (tmp_path / "credentials").write_text(keys)
    return reload(tmp_path)


def reload(tmp_path: Path) -> AwsConfig:
    return load_config(
        {
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        }
    )


CONFIG = """\
[profile dev]
services = local
endpoint_url = https://profile.example/
[services local]
signin =
  endpoint_url = https://services.example/
"""


@pytest.mark.parametrize(
    ("environ", "config", "endpoint"),
    [
        (
            {"AWS_ENDPOINT_URL_SIGNIN": "https://a.example/", "AWS_ENDPOINT_URL": "https://b.example"},
            CONFIG,
            "https://a.example",
        ),
        ({"AWS_ENDPOINT_URL": "https://b.example/"}, CONFIG, "https://b.example"),
        ({"AWS_ENDPOINT_URL_STS": "https://c.example"}, CONFIG, "https://services.example"),
        ({}, CONFIG, "https://services.example"),
        ({}, CONFIG.replace("services = local\n", ""), "https://profile.example"),
        ({}, CONFIG.replace("services = local", "services = missing"), "https://profile.example"),
        ({}, CONFIG.replace("signin =", "sts ="), "https://profile.example"),
        ({}, "[profile dev]\n", None),
        ({"AWS_ENDPOINT_URL": ""}, "[profile dev]\n", None),
    ],
)
def test_an_endpoint_is_found_in_the_sdks_order(
    tmp_path: Path, environ: dict[str, str], config: str, endpoint: str | None
) -> None:
    """AWS SDKs reference guide, "Service-specific endpoints"."""
    assert load(tmp_path, config).profile("dev").endpoint("signin", environ) == endpoint


def test_both_files_make_one_profile_and_the_credentials_file_wins(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        "[default]\nregion = a\n[profile dev]\nregion = a\noutput = json\n",
        "[dev]\nregion = b\n[only]\naws_access_key_id = AKID\n",
    )
    assert config.profile("dev") == Profile("dev", True, {"region": "b", "output": "json"}, {})
    assert config.profile("only") == Profile("only", True, {"aws_access_key_id": "AKID"}, {})
    assert config.profile("none") == Profile("none", False, {}, {})
    assert config.profile_names() == ["default", "dev", "only"]


def test_missing_files_are_empty_ones(tmp_path: Path) -> None:
    config = reload(tmp_path)
    assert (config.profile_names(), config.profile("default").exists) == ([], False)


@pytest.mark.parametrize("content", [b"\xff\xfe[default]", None], ids=["not text", "a directory"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "config"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        reload(tmp_path)
    assert (caught.value.message, caught.value.hint) == (f"cannot read {path}", f"ls -l {path}")


@pytest.mark.parametrize("header", ['[profile "my dev"]', "[profile 'my dev']", "[ profile   'my dev' ]"])
def test_a_profile_name_in_quotes_is_the_name_without_them(tmp_path: Path, header: str) -> None:
    config = load(tmp_path, f"{header}\nregion = a\n")
    assert config.profile_names() == ["my dev"]
    config.write({"profile my dev": {"login_session": "arn"}})
    assert (tmp_path / "config").read_text() == f"{header}\nregion = a\nlogin_session = arn\n"


@pytest.mark.parametrize("name", ["my dev", "a'b", 'a"b', "a  b", "ü", "a#b", "a\\b"])
def test_any_profile_name_that_is_written_is_read_back(tmp_path: Path, name: str) -> None:
    load(tmp_path).write({f"profile {name}": {"login_session": "arn"}})
    assert reload(tmp_path).profile(name).text("login_session") == "arn"
    assert reload(tmp_path).profile_names() == [name]


def test_default_may_be_written_with_the_word_profile(tmp_path: Path) -> None:
    """AWS SDKs reference guide: `[profile default]` is read, and wins over `[default]`."""
    config = load(tmp_path, "[default]\nregion = a\n[profile default]\nregion = b\nlogin_session = old\n")
    assert config.profile("default").settings == {"region": "b", "login_session": "old"}
    assert config.profile_names() == ["default"]
    config.write({"default": {"login_session": "new"}})
    assert reload(tmp_path).profile("default").text("login_session") == "new"


def test_a_write_keeps_every_line_it_does_not_name(tmp_path: Path) -> None:
    text = "# mine\n\n[profile dev]\n; why\nregion=a\nfuture_setting = 1\nnested =\n  deep = 2\n\n[plugins]\nx = y"
    load(tmp_path, text).write({"profile dev": {"login_session": "arn", "region": "b"}})
    assert (tmp_path / "config").read_text() == (
        "# mine\n\n[profile dev]\n; why\nfuture_setting = 1\nnested =\n  deep = 2\nlogin_session = arn\nregion = b\n"
        "\n[plugins]\nx = y\n"
    )


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_a_write_keeps_the_files_mode(tmp_path: Path, mode: int) -> None:
    config = load(tmp_path, "[default]\n")
    (tmp_path / "config").chmod(mode)
    config.write({"default": {"region": "a"}})
    assert stat.S_IMODE((tmp_path / "config").stat().st_mode) == mode


def test_a_new_file_is_private(tmp_path: Path) -> None:
    config = load_config({"AWS_CONFIG_FILE": str(tmp_path / "new" / "config"), "HOME": str(tmp_path)})
    config.write({"default": {"region": "a"}})
    assert stat.S_IMODE((tmp_path / "new" / "config").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_what_another_program_changed_since_we_read_is_kept(tmp_path: Path) -> None:
    """Minutes pass between reading and writing: a person is signing in."""
    config = load(tmp_path, "[default]\nregion = a\n")
    (tmp_path / "config").write_text("[default]\nregion = a\noutput = json\n[profile other]\nregion = c\n")
    config.write({"default": {"login_session": "arn"}})
    assert (tmp_path / "config").read_text() == (
        "[default]\nregion = a\noutput = json\nlogin_session = arn\n[profile other]\nregion = c\n"
    )


def test_two_writers_wait_for_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text is read under the lock: what the first holder writes is there for the second."""
    config = load(tmp_path, "[default]\n")
    reading = threading.Event()
    real = aws_config._read

    def noted(path: Path) -> str:
        reading.set()
        return real(path)

    monkeypatch.setattr(aws_config, "_read", noted)
    writer = threading.Thread(target=config.write, args=({"default": {"region": "a"}},))
    with hold_lock(tmp_path / "config"):
        writer.start()
        assert not reading.wait(0.3), "read before the lock was free"
        (tmp_path / "config").write_text(set_values("[default]\n", "default", {"output": "json"}))
    writer.join(20)
    assert (tmp_path / "config").read_text() == "[default]\noutput = json\nregion = a\n"


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"region": "a", "login_session": "arn"}, None),
        ({"aws_access_key_id": "AKID", "role_arn": "r"}, ("access key", "aws_access_key_id")),
        ({"role_arn": "r", "source_profile": "x"}, ("assumed role", "role_arn")),
        ({"role_arn": "r", "web_identity_token_file": "f"}, ("web identity", "web_identity_token_file")),
        ({"sso_session": "s"}, ("IAM Identity Center (SSO)", "sso_session")),
        ({"credential_process": "c"}, ("credential process", "credential_process")),
    ],
)
def test_the_first_other_credentials_are_named(
    settings: dict[str, str], found: tuple[str, str] | None
) -> None:
    assert conflicting_credentials(Profile("dev", True, settings, {})) == found


@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\x0c", "\x1b", "\x85", "\u2028", "\x00"])
@pytest.mark.parametrize("where", ["section", "key", "value", "nested"])
def test_nothing_is_written_that_would_not_stay_in_its_line(tmp_path: Path, end: str, where: str) -> None:
    """The next line could be a `credential_process`."""
    text = f"a{end}b"
    changes: dict[str, dict[str, Setting | None]] = {
        "section": {f"profile {text}": {"region": "x"}},
        "key": {"profile dev": {text: "x"}},
        "value": {"profile dev": {"region": text}},
        "nested": {"profile dev": {"s3": {"endpoint_url": text}}},
    }[where]  # type: ignore[assignment]  # the rows differ in what a value is
    config = load(tmp_path, "[default]\nregion = a\n")
    with pytest.raises(ConfigError, match="a setting holds a line break"):
        config.write(changes)
    assert (tmp_path / "config").read_text() == "[default]\nregion = a\n"
