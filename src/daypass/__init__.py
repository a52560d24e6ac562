"""daypass: browser sign-in for the terminal, and sessions for Python programs.

    daypass.session("dev")            a boto3.Session whose credentials renew for the whole login
    daypass.botocore_session("dev")   the same for botocore
    daypass.errors                    everything raised on purpose

Importing this package imports nothing else: the credential-process path runs through here, and every
module costs it milliseconds. So its names are found on first use.
"""

TYPE_CHECKING = False  # what typing.TYPE_CHECKING is, without importing typing
if TYPE_CHECKING:
    from daypass.python.sessions import botocore_session, session

__all__ = ["botocore_session", "session"]


def __getattr__(name: str) -> object:
    """A public name, on first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'daypass' has no attribute {name!r}")
    from daypass.python import sessions

    found: object = getattr(sessions, name)
    globals()[name] = found
    return found
