"""Put a text into the clipboard of the person's terminal: OSC 52 (xterm control sequences), also through tmux and screen.

The terminal is where the person sits, so this works over SSH, in containers and in Codespaces, where no program of this
machine reaches their clipboard. Nothing answers, and many terminals ask or refuse, so nobody may rely on it. Pure: gives
the characters; whoever writes them makes sure that a terminal reads them.
"""

import base64
from collections.abc import Mapping

__all__ = ["clipboard_sequence"]

_LONGEST = 8_192
"""Characters; terminals give up at different lengths, and links are shorter."""
_SCREEN_PIECE = 512
"""GNU screen takes 768 bytes of a string at most."""


def clipboard_sequence(text: str, environ: Mapping[str, str]) -> str:
    """The control sequence, or nothing where the terminal has none: `TERM` unset or `dumb`, or a text too long."""
    term = environ.get("TERM", "")
    if term in ("", "dumb") or len(text) > _LONGEST:
        return ""
    copy = f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07"
    if environ.get("TMUX"):
        # tmux takes one of the two, by its options set-clipboard and allow-passthrough.
        return copy + "\x1bPtmux;" + copy.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if environ.get("STY"):
        pieces = [copy[start : start + _SCREEN_PIECE] for start in range(0, len(copy), _SCREEN_PIECE)]
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return copy
