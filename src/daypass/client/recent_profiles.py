"""Remember which profile was used last, so that lists can begin with it.

One name per line, the latest first, in a private file beside the saved sessions (`client/profile_names.py` reads it). It
holds no secret and no time, losing it costs nothing, and where it cannot be written nothing is remembered.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from daypass.client.atomic_file import write_private
from daypass.client.profile_names import recent_file, recent_names

__all__ = ["remember_use"]

_MOST = 50


def remember_use(environ: Mapping[str, str], profile: str) -> None:
    """Put the profile first. A name with a line break has no place in the file."""
    before = recent_names(environ)
    if before[:1] == [profile] or len(profile.splitlines()) != 1:
        return
    names = [profile, *(name for name in before if name != profile)][:_MOST]
    with contextlib.suppress(OSError):
        write_private(Path(recent_file(environ)), "\n".join(names) + "\n")
