"""The Windows branch of `client/terminal_input.py`, with a stand-in for `msvcrt` (not yet run on Windows itself)."""

import importlib.util
import os
import sys
import types

import pytest

from daypass.client import terminal_input


class FakeConsole(types.ModuleType):
    """Keys that were pressed."""

    def __init__(self, keys: str) -> None:
        super().__init__("msvcrt")
        self.keys = list(keys)

    def kbhit(self) -> bool:
        return bool(self.keys)

    def getwche(self) -> str:
        return self.keys.pop(0)


@pytest.mark.parametrize(("keys", "read"), [("code\r", "code\n"), ("", None), ("\x1a", "\x04")])
def test_the_consoles_keys_are_read_as_a_terminals(
    monkeypatch: pytest.MonkeyPatch, keys: str, read: str | None
) -> None:
    """Enter and Ctrl-Z have other codes there."""
    spec = importlib.util.spec_from_file_location("terminal_input_for_windows", terminal_input.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "msvcrt", FakeConsole(keys))
        patched.setattr(os, "name", "nt")
        patched.setattr(sys, "stdin", types.SimpleNamespace(isatty=lambda: True, fileno=lambda: 0))
        spec.loader.exec_module(module)
        made = module.open_terminal_input()
    with made as console:
        assert console.read_piece(0.05) == read


def test_what_only_looks_like_a_terminal_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(isatty=lambda: True))
    assert terminal_input.open_terminal_input() is None
