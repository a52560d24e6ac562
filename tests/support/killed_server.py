"""Make a server process die by SIGKILL around one storage call: the moments a crash is worst.

`killing_environment` gives the variables for `daypass serve`; its workers then load this file's patch through
`sitecustomize`. A worker dies `before` the call begins, or `after` its transaction is committed and nothing is
answered yet, and only while the flag file exists, so a test decides when.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

_SITE = """
import os
if os.environ.get("KILL_AT"):
    import sys
    sys.path.insert(0, os.environ["KILL_SUPPORT"])
    from support.killed_server import patch
    patch(os.environ["KILL_AT"], os.environ["KILL_FLAG"])
"""


def killing_environment(folder: Path, where: str) -> tuple[dict[str, str], Path]:
    """Variables and the flag file. `where` is `before:login_sessions.rotate` and the like."""
    site = folder / "site"
    site.mkdir(exist_ok=True)
    (site / "sitecustomize.py").write_text(_SITE)
    flag = folder / "die"
    support = str(Path(__file__).parents[1])
    return {"PYTHONPATH": str(site), "KILL_AT": where, "KILL_FLAG": str(flag), "KILL_SUPPORT": support}, flag


def patch(where: str, flag_name: str) -> None:
    """Wrap one method of every storage made in this process."""
    from daypass.server.adapters.sql import sql_storage

    moment, _, path = where.partition(":")
    store, method = path.split(".")
    flag = Path(flag_name)
    original_init = sql_storage.SqlStorage.__init__

    def die_if_told() -> None:
        if flag.exists():
            flag.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    def patched_init(self: Any, *arguments: Any, **named: Any) -> None:
        original_init(self, *arguments, **named)
        part = getattr(self, store)
        original: Callable[..., Awaitable[Any]] = getattr(part, method)

        async def around(*call: Any, **keywords: Any) -> Any:
            if moment == "before":
                die_if_told()
            result = await original(*call, **keywords)
            die_if_told()
            return result

        setattr(part, method, around)

    sql_storage.SqlStorage.__init__ = patched_init  # type: ignore[method-assign]  # the point of this module
