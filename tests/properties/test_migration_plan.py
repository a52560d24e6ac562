"""Migration plans over any two files: nothing else changes, nothing secret is shown, nothing but our errors is raised."""

import contextlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.client.ini_text import parse, profile_section
from daypass.client.migration_plan import (
    KEY_SETTINGS,
    FileChange,
    difference,
    find_key,
    rewrite_config,
    rewrite_keys_file,
)
from daypass.client.migration_receipt import ReceiptFolder
from daypass.errors import ConfigError
from daypass.secret import Secret

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+"
secrets = st.text(_ALPHABET, min_size=40, max_size=40)
profiles = st.sampled_from(["default", "dev", "my dev", "x'y"])
LOGIN = {"login_session": "arn:aws:iam::111122223333:user/dev", "region": "eu-west-1"}


@st.composite
def files(draw: st.DrawFn, secret: str) -> str:
    """AWS files in the shapes people leave them in, and noise."""
    line = st.sampled_from(
        [
            "[default]",
            "[profile default]",
            "[dev]",
            "[profile dev]",
            "[profile 'my dev']",
            "[my dev]",
            "[profile  other]",
            "aws_access_key_id = AKIAY34FZKBOKMUTVV7A",
            "AWS_ACCESS_KEY_ID=AKIAY34FZKBOKMUTVV7A",
            f"aws_secret_access_key = {secret}",
            f"Aws_Secret_Access_Key={secret}",
            f"# {secret}",
            f"aws_session_token = {secret}{secret}",
            "region = us-east-1",
            "s3 =",
            "  addressing_style = path",
            f"  nested = {secret}",
            "",
            "# a comment",
            "role_arn = x",
        ]
    ) | st.text(max_size=12)
    end = st.sampled_from(["\n", "\n", "\r\n"])
    return "".join(text + draw(end) for text in draw(st.lists(line, max_size=16)))


@settings(max_examples=200, deadline=None)
@given(st.data(), secrets, profiles)
def test_a_plan_changes_the_one_profile_and_shows_no_secret(
    data: st.DataObject, secret: str, profile: str
) -> None:
    config, keys = data.draw(files(secret)), data.draw(files(secret))
    with contextlib.suppress(ConfigError):
        key = find_key(config, keys, profile)
        assert secret not in repr(key)
    try:
        after = rewrite_config(config, profile, LOGIN), rewrite_keys_file(keys, profile)
    except ConfigError:  # a section that stands there twice
        return
    ours = {profile_section(profile)} | ({"profile default"} if profile == "default" else set())
    for before_text, after_text, own in ((config, after[0], ours), (keys, after[1], {profile})):
        before, now = parse(before_text), parse(after_text)
        assert {name: before[name] for name in before.keys() - own} == {
            name: now[name] for name in now.keys() - own
        }
        for name in own & now.keys():
            assert not KEY_SETTINGS & {setting.lower() for setting in now[name]}
        change = FileChange("f", before_text, after_text)
        assert secret not in difference(change, [Secret(secret)])
        assert secret not in difference(change, [])
        assert secret not in repr(change)
    assert LOGIN.items() <= dict(parse(after[0])[sorted(ours & parse(after[0]).keys())[-1]]).items()


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.text(max_size=12), st.integers() | st.text(max_size=5) | st.none(), max_size=4)
    | st.lists(st.integers(), max_size=3)
    | st.text(max_size=30)
)
def test_no_receipt_makes_the_reader_raise_anything_but_our_error(content: object) -> None:
    with TemporaryDirectory() as name:
        folder = ReceiptFolder(Path(name))
        folder.path.mkdir(parents=True)
        folder.receipt_path("r").write_text(json.dumps(content))
        with contextlib.suppress(ConfigError):
            folder.load("r")
            raise AssertionError("that was no receipt")
        with contextlib.suppress(ConfigError):
            folder.load(str(content))
