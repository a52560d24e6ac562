"""The order of writes: what is refused, what the next run finishes, and what a backup opens with."""

import base64
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from daypass.client.migration import apply, changed_files, finish, undo
from daypass.client.migration_plan import FileChange, rewrite_config, rewrite_keys_file
from daypass.client.migration_receipt import Receipt, ReceiptFolder
from daypass.client.sealed_backup import make_or_load_key_file, open_sealed, passphrase_key, seal
from daypass.errors import ConfigError, UsageError
from daypass.secret import Secret

CONFIG = "[profile dev]\nregion = x\n"
KEYS = "[dev]\naws_access_key_id = AKIAY34FZKBOKMUTVV7A\naws_secret_access_key = hidden\n"
LOGIN = {"login_session": "arn:aws:iam::111122223333:user/dev"}
KEY = Secret(base64.b64encode(b"k" * 32).decode())


class World:
    """Two files, a plan, a receipt."""

    def __init__(self, home: Path) -> None:
        self.config, self.keys = home / "config", home / "credentials"
        self.config.write_text(CONFIG)
        self.keys.write_text(KEYS)
        self.folder = ReceiptFolder(home)
        self.changes = {
            "config": FileChange(str(self.config), CONFIG, rewrite_config(CONFIG, "dev", LOGIN)),
            "keys_file": FileChange(str(self.keys), KEYS, rewrite_keys_file(KEYS, "dev")),
        }
        self.receipt = Receipt(
            id="r-1",
            state="prepared",
            profile="dev",
            login_profile="dev-login",
            account_id="111122223333",
            old_identity="arn:aws:iam::111122223333:user/alice",
            new_identity="arn:aws:iam::111122223333:user/dev",
            access_key_id="AKIAY34FZKBOKMUTVV7A",
            created_at="2026-01-01T00:00:00Z",
            settings=LOGIN,
            files=changed_files(self.changes),
            backup_key={"kind": "file", "path": "k"},
        )

    def texts(self) -> tuple[str, str]:
        return self.config.read_text(), self.keys.read_text()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_receipt_comes_back_as_it_was_saved(world: World) -> None:
    world.folder.save(world.receipt)
    assert world.folder.load("r-1") == world.receipt
    assert "hidden" not in world.folder.receipt_path("r-1").read_text()


def test_a_file_that_changed_since_the_plan_is_not_written_over(world: World) -> None:
    """And neither is the other one; no receipt says otherwise."""
    world.keys.write_text(KEYS + "[new]\n")
    before = world.texts()
    with pytest.raises(ConfigError, match="changed meanwhile; nothing was changed"):
        apply(world.receipt, world.changes, KEY, world.folder)
    assert world.texts() == before
    assert not world.folder.path.exists()


def test_between_the_two_files_the_next_run_writes_the_second(world: World) -> None:
    """Without the backup's key: the text follows from the one that is there."""
    apply(world.receipt, world.changes, KEY, world.folder)
    done = world.texts()
    world.keys.write_text(KEYS)
    world.folder.save(world.receipt)
    stray = world.keys.with_name(".credentials.x1y2.tmp")
    stray.write_text(KEYS)
    assert finish(world.receipt, world.folder).state == "applied"
    assert world.texts() == done
    assert not stray.exists()


def test_before_the_first_file_the_next_run_forgets_it(world: World) -> None:
    world.folder.save(world.receipt)
    world.folder.backup_path("r-1").write_text("x")
    assert finish(world.receipt, world.folder).state == "abandoned"
    assert world.texts() == (CONFIG, KEYS)
    assert not world.folder.backup_path("r-1").exists()
    assert list(world.folder.unfinished()) == []


def test_an_interrupted_run_never_writes_over_a_later_change(world: World) -> None:
    apply(world.receipt, world.changes, KEY, world.folder)
    world.keys.write_text(KEYS + "[new]\na = b\n")
    before = world.texts()
    with pytest.raises(ConfigError, match=r"was interrupted, and .*credentials changed since") as refused:
        finish(world.receipt, world.folder)
    assert refused.value.hint == "daypass migrate --undo r-1"
    assert world.texts() == before
    undo(world.receipt, KEY, world.folder)
    assert world.texts() == (CONFIG, KEYS + "[new]\na = b\n")


def test_a_text_other_than_the_promised_one_is_not_written(world: World) -> None:
    """A receipt of a version that would have written something else."""
    apply(world.receipt, world.changes, KEY, world.folder)
    world.keys.write_text(KEYS)
    promised = replace(world.receipt.files[1], sha256_after="0" * 64)
    with pytest.raises(ConfigError, match="cannot be finished by this version"):
        finish(replace(world.receipt, files=(world.receipt.files[0], promised)), world.folder)
    assert world.keys.read_text() == KEYS


def test_a_file_that_was_not_there_is_gone_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.config.unlink()
    changes = {
        **world.changes,
        "config": FileChange(str(world.config), None, rewrite_config("", "dev", LOGIN)),
    }
    receipt = apply(replace(world.receipt, files=changed_files(changes)), changes, KEY, world.folder)
    assert world.config.stat().st_mode & 0o777 == 0o600
    undo(receipt, KEY, world.folder)
    assert not world.config.exists()


def test_a_backup_opens_with_its_own_receipt_only(world: World) -> None:
    sealed = seal(b"content", KEY, "r-1")
    assert open_sealed(sealed, KEY, "r-1") == b"content"
    for text, key, receipt in (
        (sealed, KEY, "r-2"),
        (sealed, Secret(base64.b64encode(b"x" * 32).decode()), "r-1"),
        (sealed[:-8] + "AAAAAAA=", KEY, "r-1"),
        ("", KEY, "r-1"),
        ("not base64!", KEY, "r-1"),
    ):
        with pytest.raises(ConfigError, match="does not open"):
            open_sealed(text, key, receipt)
    assert seal(b"content", KEY, "r-1") != sealed


def test_an_undo_without_its_backup_changes_nothing(world: World) -> None:
    receipt = apply(world.receipt, world.changes, KEY, world.folder)
    done = world.texts()
    world.folder.backup_path("r-1").unlink()
    with pytest.raises(ConfigError, match="is gone"):
        undo(receipt, KEY, world.folder)
    assert world.texts() == done


def test_a_passphrase_makes_a_key_of_its_salt() -> None:
    passphrase = Secret("correct horse battery")
    assert passphrase_key(passphrase, b"a" * 16) == passphrase_key(passphrase, b"a" * 16)
    assert passphrase_key(passphrase, b"a" * 16) != passphrase_key(passphrase, b"b" * 16)
    with pytest.raises(UsageError, match="12 characters"):
        passphrase_key(Secret("elevenchars"), b"a" * 16)


def test_a_key_file_is_private_random_and_kept(tmp_path: Path) -> None:
    apart = tmp_path / "migrations"
    one = make_or_load_key_file(tmp_path / "keys" / "one", apart_from=apart)
    assert (tmp_path / "keys" / "one").stat().st_mode & 0o777 == 0o600
    assert make_or_load_key_file(tmp_path / "keys" / "one", apart_from=apart) == one
    assert make_or_load_key_file(tmp_path / "keys" / "two", apart_from=apart) != one
    apart.mkdir()
    (tmp_path / "link").symlink_to(apart)
    with pytest.raises(UsageError, match="apart"):
        make_or_load_key_file(tmp_path / "link" / "key", apart_from=apart)
    shutil.rmtree(apart)
