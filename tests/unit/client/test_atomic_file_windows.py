"""The Windows branch of `client/atomic_file.py`, with a stand-in for `msvcrt` (not yet run on Windows itself)."""

import importlib.util
import os
import sys
import types
from pathlib import Path

import pytest

from daypass.client import atomic_file


class FakeMsvcrt(types.ModuleType):
    """Refuses a lock a few times, then gives it."""

    LK_NBLCK = 2

    def __init__(self, refusals: int) -> None:
        super().__init__("msvcrt")
        self.refusals = refusals
        self.calls: list[tuple[int, int]] = []

    def locking(self, descriptor: int, mode: int, length: int) -> None:
        os.fstat(descriptor)  # the descriptor is open
        self.calls.append((mode, length))
        if len(self.calls) <= self.refusals:
            raise PermissionError(13, "locked")


def load_for_windows(monkeypatch: pytest.MonkeyPatch, msvcrt: FakeMsvcrt) -> types.ModuleType:
    """A second copy of the module, as it is made where `os.name` is "nt"."""
    source = atomic_file.__file__
    spec = importlib.util.spec_from_file_location("atomic_file_for_windows", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "msvcrt", msvcrt)
        patched.setattr(os, "name", "nt")
        spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waiting is recorded, not done."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


def test_a_lock_that_is_held_is_asked_for_until_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    """Longer than the ten seconds after which `LK_LOCK` gives up."""
    msvcrt = FakeMsvcrt(refusals=300)
    module = load_for_windows(monkeypatch, msvcrt)
    with module.hold_lock(tmp_path / "entry.json"):
        assert msvcrt.calls == [(FakeMsvcrt.LK_NBLCK, 1)] * 301
    assert len(pauses) == 300
    assert (tmp_path / ".entry.json.lock").exists()


@pytest.mark.parametrize("refusals", [0, 1, 40])
def test_a_reader_who_has_the_file_open_delays_the_replacement_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    module = load_for_windows(monkeypatch, FakeMsvcrt(0))
    real, tries = os.replace, []

    def replace(source: str, target: Path) -> None:
        tries.append(source)
        if len(tries) <= refusals:
            raise PermissionError(13, "in use")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    module.write_private(tmp_path / "f", "new")
    assert (tmp_path / "f").read_text() == "new"
    assert len(tries) == refusals + 1


def test_a_file_that_stays_in_use_is_an_error_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = load_for_windows(monkeypatch, FakeMsvcrt(0))
    (tmp_path / "f").write_text("old")

    def refuse(_source: str, _target: Path) -> None:
        raise PermissionError(13, "in use")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError):
        module.write_private(tmp_path / "f", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    assert (tmp_path / "f").read_text() == "old"
