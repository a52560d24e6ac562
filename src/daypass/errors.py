"""Every failure daypass can name, as one family.

    DaypassError
    ├── UsageError              the command line is wrong
    │   ├── CommandNotFound         what is to be run is not there
    │   └── CommandNotRunnable      or is nothing that can be run
    ├── ConfigError             a profile, setting or file is wrong
    │   └── Shadowed            other credentials would win over a login, or lose to it
    ├── LoginRequired           there is no usable session
    │   └── WrongRegion         it may live in a region that nobody wrote down
    ├── RoleDenied              the role may not be assumed
    ├── NarrowingUnavailable    the service makes no narrowed logins
    ├── LoginFailed             a login that began did not finish
    │   ├── LoginDenied         the person or the server said no
    │   ├── LoginTimedOut       nobody answered in time
    │   └── LoginMismatch       the answer was not for our question (state, issuer, identity)
    ├── TooLittleTime           valid, but for less time than was asked
    ├── CacheError              the cache file has a wrong owner or is damaged
    │   ├── VaultDamaged        a sealed file is not what was sealed
    │   └── VaultKeyMissing     a sealed file is there, its key is not
    ├── KeyringError            the system keyring failed
    │   ├── KeyringAbsent       there is none, or none that counts
    │   ├── KeyringLocked       it is locked, and nobody is asked
    │   ├── KeyringDenied       somebody was asked, and it stayed locked
    │   └── KeyringTimedOut     it did not answer
    ├── NetworkError            the server could not be reached
    │   └── UntrustedCertificate    or cannot be told from an impostor
    ├── ClockSkew               this machine's clock is wrong
    ├── RemoteProtocolError     the peer sent something illegal
    ├── LocalProtocolError      we were about to send something illegal: a bug
    ├── SignInError             the Sign-In wire's refusals (protocol/oauth/errors.py)
    ├── AwsError                the STS, IAM and S3 wires' refusals (protocol/aws/errors.py)
    └── StorageError            the database refused or could not be reached (server only)

Three texts, three destinations, never mixed: the *message* says what is wrong (peers and people), the
*hint* is what the person types next, the *detail* is for the log only. None of them may hold a secret.
Exit codes are those of docs/reference/exit-codes.md.
"""

__all__ = [
    "CacheError",
    "ClockSkew",
    "CommandNotFound",
    "CommandNotRunnable",
    "ConfigError",
    "DaypassError",
    "KeyringAbsent",
    "KeyringDenied",
    "KeyringError",
    "KeyringLocked",
    "KeyringTimedOut",
    "LocalProtocolError",
    "LoginDenied",
    "LoginFailed",
    "LoginMismatch",
    "LoginRequired",
    "LoginTimedOut",
    "NarrowingUnavailable",
    "NetworkError",
    "RemoteProtocolError",
    "RoleDenied",
    "Shadowed",
    "StorageError",
    "TooLittleTime",
    "UntrustedCertificate",
    "UsageError",
    "VaultDamaged",
    "VaultKeyMissing",
    "WrongRegion",
]


class DaypassError(Exception):
    """The base class. Catch this and you have caught everything we raise on purpose."""

    code = "error"
    """Stable machine word, printed in brackets after the message."""
    exit_code = 1
    """What the command line returns when this ends it."""

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        """Lower case, no full stop, no secret, no echoed input from a stranger."""
        self.hint = hint
        """A command to type, or empty."""
        self.detail = detail
        """For the log only."""
        self.retry_after = 0
        """Seconds for which the peer asked to be left in peace (RFC 9110 §10.2.3)."""


class UsageError(DaypassError):
    """The command line is wrong."""

    code = "usage"
    exit_code = 2


class CommandNotFound(UsageError):
    """The command to run is not there. The exit code is that of shells (POSIX, "Exit Status for Commands")."""

    code = "command_not_found"
    exit_code = 127


class CommandNotRunnable(UsageError):
    """The command to run is there, and the system does not run it. The exit code is that of shells."""

    code = "command_not_runnable"
    exit_code = 126


class ConfigError(DaypassError):
    """A profile, a setting or a file is wrong."""

    code = "config"
    exit_code = 2


class Shadowed(ConfigError):
    """Other credentials stand beside the login, and one of the two would have no effect."""

    code = "shadowed"
    exit_code = 6


class LoginRequired(DaypassError):
    """There is no session that could give credentials; only a person can make one."""

    code = "signin_needed"
    exit_code = 4


class WrongRegion(LoginRequired):
    """The session does not say where it began, and the region that was tried does not know it."""

    code = "wrong_region"


class RoleDenied(DaypassError):
    """The login lives, and the role over it may not be assumed."""

    code = "role_denied"
    exit_code = 3


class NarrowingUnavailable(DaypassError):
    """The sign-in service makes no narrowed logins; AWS's does not."""

    code = "no_narrowing"
    exit_code = 3


class LoginFailed(DaypassError):
    """A login that began did not finish."""

    code = "login_failed"
    exit_code = 5


class LoginDenied(LoginFailed):
    """The person or the server said no."""

    code = "login_denied"
    exit_code = 3


class LoginTimedOut(LoginFailed):
    """Nobody answered in time."""

    code = "login_timed_out"
    exit_code = 7


class LoginMismatch(LoginFailed):
    """The answer was not for our question: state, issuer or identity differ."""

    code = "login_mismatch"
    exit_code = 6


class TooLittleTime(DaypassError):
    """Everything is valid, but for less time than was asked."""

    code = "too_little_time"
    exit_code = 9


class CacheError(DaypassError):
    """The cache file belongs to another user, or cannot be understood."""

    code = "cache"
    exit_code = 8


class VaultDamaged(CacheError):
    """A sealed session is not what was sealed: damaged, altered, or another session's."""

    code = "vault_damaged"


class VaultKeyMissing(CacheError):
    """A sealed session is there, and its key is no longer in the system keyring."""

    code = "vault_key_missing"


class KeyringError(DaypassError):
    """The system keyring failed. Not a lost session: nothing is replaced, and no browser opens."""

    code = "keyring"
    exit_code = 8


class KeyringAbsent(KeyringError):
    """There is no system keyring here, or none that keeps secrets secret."""

    code = "keyring_absent"


class KeyringLocked(KeyringError):
    """The system keyring is locked, and nobody may be asked to unlock it."""

    code = "keyring_locked"


class KeyringDenied(KeyringError):
    """Somebody was asked to unlock the system keyring, or should have been, and it stayed locked."""

    code = "keyring_denied"


class KeyringTimedOut(KeyringError):
    """The system keyring did not answer in time."""

    code = "keyring_timed_out"


class NetworkError(DaypassError):
    """The server could not be reached, or answered with a fault of its own."""

    code = "network"
    exit_code = 5


class UntrustedCertificate(NetworkError):
    """The server's certificate could not be verified, so nothing was sent."""

    code = "certificate"


class ClockSkew(DaypassError):
    """This machine's clock differs too much from the server's; what it signs is refused."""

    code = "clock_skew"
    exit_code = 5


class RemoteProtocolError(DaypassError):
    """The peer sent something the protocol does not allow."""

    code = "remote_protocol"
    exit_code = 5


class LocalProtocolError(DaypassError):
    """We were about to send something the protocol does not allow: a bug of ours."""

    code = "local_protocol"
    exit_code = 1


class StorageError(DaypassError):
    """The database could not do what it was asked."""

    code = "storage"
    exit_code = 5
