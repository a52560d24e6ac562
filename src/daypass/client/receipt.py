"""An identity receipt: who acts, by what, until when, and where that was asked. Fit for a ticket; holds no secret.

The identity is what STS answered through the very credentials a program would use. The session's key is named by its
thumbprint (RFC 7638), and the inline policy by its SHA-256 without white space: the person's own page at the server shows
the beginnings of both.
"""

from dataclasses import dataclass

from daypass.client.session_cache import format_time

__all__ = ["Receipt"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Texts are empty, and times None, where there is nothing to say."""

    profile: str
    account: str
    identity: str
    """An ARN."""
    confirmed_at: int | None
    """When STS answered; epoch seconds."""
    confirmed_by: str
    """Where."""
    narrowed_from: str
    login_profile: str
    """Of a role, the profile of the login beneath it."""
    scope_name: str
    policy_arns: tuple[str, ...]
    policy_sha256: str
    session_ends_at: int | None
    """Epoch seconds."""
    session_key: str
    server: str
    """The sign-in service."""

    @property
    def is_narrowed(self) -> bool:
        """Whether session policies stand over the identity's own."""
        return bool(self.policy_arns or self.policy_sha256)

    def members(self) -> dict[str, object]:
        """For programs (docs/reference/json-output.md)."""
        return {
            "profile": self.profile,
            "account": self.account,
            "identity": self.identity,
            "confirmed_at": None if self.confirmed_at is None else format_time(self.confirmed_at),
            "confirmed_by": self.confirmed_by or None,
            "narrowed_from": self.narrowed_from or None,
            "login_profile": self.login_profile or None,
            "scope": {
                "name": self.scope_name or None,
                "policy_arns": list(self.policy_arns),
                "policy_sha256": self.policy_sha256 or None,
            }
            if self.is_narrowed
            else None,
            "session_ends_at": None if self.session_ends_at is None else format_time(self.session_ends_at),
            "session_key": self.session_key,
            "server": self.server,
        }

    def text(self) -> str:
        """For people: one block."""
        rows = [
            ("account", self.account),
            ("identity", self.identity),
            ("confirmed", self._confirmed()),
            ("profile", self._profile()),
            ("scope", self._scope()),
            *(("policy", arn) for arn in self.policy_arns),
            *([("policy", f"inline, sha256 {self.policy_sha256}")] if self.policy_sha256 else []),
            ("until", "unknown" if self.session_ends_at is None else format_time(self.session_ends_at)),
            ("session", f"key {self.session_key}"),
            ("server", self.server),
        ]
        return "\n".join(["identity receipt", *(f"  {name:<10} {value}" for name, value in rows)])

    def _confirmed(self) -> str:
        if self.confirmed_at is None:
            return "no"
        return f"{format_time(self.confirmed_at)} by STS at {self.confirmed_by}"

    def _profile(self) -> str:
        if self.narrowed_from:
            return f"{self.profile}, narrowed from {self.narrowed_from}"
        return f"{self.profile}, a role over {self.login_profile}" if self.login_profile else self.profile

    def _scope(self) -> str:
        if not self.is_narrowed:
            return "all that the identity may do"
        return f"{self.scope_name}, less than the identity may do"
