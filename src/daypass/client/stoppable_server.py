"""The listener beneath `client/loopback.py` and `client/credential_server.py`: a thread per connection, and an end at once.

`http.server` stands on `socketserver`, of which two habits are left out: `serve_forever` asks a clock whether to go on, so
that a command which is done would wait for it, and `HTTPServer` looks up the host's name, which may wait for a name server.
Nothing here knows what is served.
"""

import selectors
import socket
import socketserver
import threading

__all__ = ["StoppableServer"]


class StoppableServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Serves from `start` until `stop`. Threads of connections that still speak then are left to end by themselves."""

    daemon_threads = True
    block_on_close = False
    timeout = 0
    """`handle_request` is called when somebody is there, and does not wait."""

    def __init__(self, address: tuple[str, int], handler: type[socketserver.BaseRequestHandler]) -> None:
        """Listens from here on. Raises OSError when the address cannot be bound."""
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)
        self._stop_sender, self._stop_receiver = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Answer from now on, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, at once; may be called again."""
        self._stop_sender.close()  # the other end reads the end of the stream
        self._thread.join()
        self.server_close()

    def _serve(self) -> None:
        """Wait for nothing but the next connection and the end."""
        with self._stop_receiver, selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_READ)
            selector.register(self._stop_receiver, selectors.EVENT_READ)
            while all(key.fileobj is not self._stop_receiver for key, _ in selector.select()):
                self.handle_request()

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that breaks is no news for the terminal."""
