"""The machine's clock and its randomness, as the ports ask for them. The only place that reads either for the server."""

import os
import time

from daypass.server.domain.identifiers import uuid_text

__all__ = ["SystemRandomness", "system_clock"]


def system_clock() -> int:
    """Epoch seconds, now."""
    return int(time.time())


class SystemRandomness:
    """`ports.clock.Randomness` from the operating system's generator."""

    def token_bytes(self, length: int) -> bytes:
        return os.urandom(length)

    def uuid(self) -> str:
        return uuid_text(os.urandom(16))
