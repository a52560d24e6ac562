"""What both listeners stand on: no clock is asked at their end, and no name server at their beginning."""

import selectors
import socket
import threading
from collections.abc import Callable

import pytest

from daypass.client.credential_server import CredentialServer
from daypass.client.loopback import LoopbackListener

Listener = LoopbackListener | CredentialServer


@pytest.mark.parametrize(
    "listen", [lambda: LoopbackListener("a-state"), lambda: CredentialServer([])], ids=["loopback", "serve"]
)
def test_an_end_waits_for_no_clock_and_leaves_nothing_running(
    monkeypatch: pytest.MonkeyPatch, listen: Callable[[], Listener]
) -> None:
    """A wait with a time in it would be added to every `daypass login` and `daypass exec`."""
    waits: list[float | None] = []

    class Watched(selectors.DefaultSelector):  # type: ignore[misc,valid-type]  # which class it is depends on the system
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            waits.append(timeout)
            found: list[tuple[selectors.SelectorKey, int]] = super().select(timeout)
            return found

    monkeypatch.setattr(selectors, "DefaultSelector", Watched)
    before = set(threading.enumerate())
    listening = listen()
    (serving,) = set(threading.enumerate()) - before
    with socket.create_connection(("127.0.0.1", listening._server.port), timeout=10) as asking:
        asking.sendall(b"GET /nothing HTTP/1.0\r\n\r\n")
        assert asking.recv(12).endswith(b" 404")
    listening.close()
    assert serving not in threading.enumerate()
    assert waits
    assert all(wait is None or wait <= 0 for wait in waits)


@pytest.mark.parametrize(
    "listen", [lambda: LoopbackListener("a-state"), lambda: CredentialServer([])], ids=["loopback", "serve"]
)
def test_a_beginning_asks_no_name_server(
    monkeypatch: pytest.MonkeyPatch, listen: Callable[[], Listener]
) -> None:
    """`http.server.HTTPServer` looks up its host's name, which takes half a minute where no name server answers."""

    def refuse(name: str = "") -> str:
        raise AssertionError(f"the name of {name} was looked up")

    monkeypatch.setattr(socket, "getfqdn", refuse)
    monkeypatch.setattr(socket, "gethostbyaddr", refuse)
    listen().close()
