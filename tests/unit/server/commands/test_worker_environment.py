"""What a worker of `serve` is told by its environment."""

import socket
from dataclasses import replace

import pytest

from daypass.server.commands import serve
from daypass.server.commands.supervisor import WorkerCommand
from daypass.server.settings import Settings


def _command(workers: int) -> WorkerCommand:
    with socket.socket() as listener:
        settings = replace(Settings(), workers=workers)
        return serve._worker_command(None, {}, settings, (listener, None), "/metrics-folder")


def test_one_worker_keeps_its_numbers_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even when the variable was inherited: mapped files cost every request."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "/inherited")
    assert "PROMETHEUS_MULTIPROC_DIR" not in _command(1).environment


def test_several_workers_share_their_numbers_in_a_folder() -> None:
    assert _command(2).environment["PROMETHEUS_MULTIPROC_DIR"] == "/metrics-folder"


def test_the_memory_of_a_password_check_goes_back_unless_the_administrator_said_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MALLOC_MMAP_THRESHOLD_", raising=False)
    assert int(_command(1).environment["MALLOC_MMAP_THRESHOLD_"]) < 19 * 1024 * 1024
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "33554432")
    assert _command(1).environment["MALLOC_MMAP_THRESHOLD_"] == "33554432"
