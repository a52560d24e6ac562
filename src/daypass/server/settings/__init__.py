"""The server's settings: `record.py` says what they are, `sources.py` reads them, `rules.py` checks them together.

Nothing here opens a socket or a database; only the settings file itself is read.
"""

from daypass.server.settings.record import Address, Networks, Settings
from daypass.server.settings.sources import load_settings

__all__ = ["Address", "Networks", "Settings", "load_settings"]
