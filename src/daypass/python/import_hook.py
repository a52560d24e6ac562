"""HOT: what `daypass configure python` makes an interpreter run at its start: wait for botocore, and do nothing else.

One finder that answers for one module name and imports nothing. When a program imports `botocore.credentials`, the real
module is loaded by whoever would have loaded it, then taught to serve logins; a program without botocore never meets
more of daypass than this file. `DAYPASS_BOTOCORE=0` leaves a process alone.
"""

import os
import sys

TYPE_CHECKING = False  # what typing.TYPE_CHECKING is, without importing typing
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["VARIABLE", "install"]

VARIABLE = "DAYPASS_BOTOCORE"
"""`0` switches the hook off for one process and its children."""

_MODULE = "botocore.credentials"


def install() -> None:
    """Teach botocore to serve logins, now or when it is imported. Doing it twice changes nothing."""
    if os.environ.get(VARIABLE) == "0":
        return
    loaded = sys.modules.get(_MODULE)
    if loaded is not None:
        _teach(loaded)
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds one module, once, by asking all the other finders."""

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """The import system's question (`importlib.abc.MetaPathFinder`)."""
        if name != _MODULE:
            return None
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                break
        else:
            return None
        loader = spec.loader
        if loader is not None:
            run = loader.exec_module

            def run_and_teach(module: "ModuleType") -> None:
                run(module)
                _teach(module)

            loader.exec_module = run_and_teach  # type: ignore[method-assign]  # on this one loader only
        return spec


def _teach(module: "ModuleType") -> None:
    """What fails here must not fail the program that imports botocore: it keeps the botocore it has."""
    try:
        from daypass.python.login_provider import serve_logins_everywhere

        serve_logins_everywhere(module)
    except (ImportError, AttributeError) as problem:
        sys.stderr.write(f"daypass: botocore was left as it is: {problem}\n")
