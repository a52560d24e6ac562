"""An answer's body handed over as a connection: an extension of ASGI that our own listener offers where it can.

Offered under `RELAY` in a scope's `extensions`. An application that began an answer with a Content-Length may then
send, instead of some of the body's pieces, one message of this type:

    type      RELAY
    source    a connected, non-blocking `socket.socket` whose next bytes are the body's next bytes; it stays the sender's
    count     how many of them, at least 1
    patience  seconds without a byte until the source is given up

`send` returns when all of them are on their way, and raises SourceEnded when fewer came. `http.response.body` follows.
"""

__all__ = ["RELAY", "SourceEnded"]

RELAY = "daypass.response.relay"


class SourceEnded(Exception):
    """The source ended, failed or stood still before it had given all that was promised."""
