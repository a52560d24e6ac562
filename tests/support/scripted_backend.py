"""A store of a test's own making on a plain socket: it reads one request head per connection, then does as it is told."""

import contextlib
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["Script", "ScriptedBackend"]

Script = Callable[[socket.socket, bytes], None]
"""The connection and the request's head, with what came of its body."""


class ScriptedBackend:
    """Accepts connections, reads one request head each, then does what the current script says."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.script: Script = lambda _connection, _head: None
        self.heads: queue.Queue[bytes] = queue.Queue()
        self.outcomes: queue.Queue[Any] = queue.Queue()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(20)
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = connection.recv(65_536)
                    if not piece:
                        break
                    head += piece
                if not head:
                    if self._is_stopping:
                        return
                    continue
                self.heads.put(head)
                with contextlib.suppress(OSError):
                    self.script(connection, head)

    def stop(self) -> None:
        """End the thread: a connection that says nothing wakes it."""
        self._is_stopping = True
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join(timeout=20)
        self._listener.close()
