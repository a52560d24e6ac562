"""Whom a resource's policy speaks of: accounts, users, roles, sessions, services, identity providers.

A statement names principals exactly; `*` alone is everybody, and there are no partial wildcards
(IAM reference, "Principal element"). Naming an account (twelve digits or its root ARN) means every
principal of it, to whom the account must still grant the action; naming an ARN grants directly, and how
directly is a `Grant`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from daypass.policy.json_source import JsonElement, JsonNumber

__all__ = ["Caller", "Grant", "PrincipalSet", "parse_principals"]

_is_account = re.compile(r"[0-9]{12}").fullmatch
_is_root_arn = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):root").fullmatch
_is_user_arn = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:user/.+").fullmatch
_is_principal_arn = re.compile(
    r"arn:aws[a-z-]*:(?:iam::[0-9]{12}:(?:user|role)/[\x21-\x7e]+"
    r"|sts::[0-9]{12}:(?:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+|federated-user/[\w+=,.@-]+))",
    re.ASCII,
).fullmatch
_is_service = re.compile(r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+").fullmatch
_is_provider = re.compile(
    r"arn:aws[a-z-]*:iam::[0-9]{12}:(?:saml-provider/[\w._-]+|oidc-provider/[\w./:-]+)|[a-z0-9-]+(?:\.[a-z0-9-]+)+",
    re.ASCII,
).fullmatch


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks to be trusted. Exactly one of: an account's principal, a service, a federated identity."""

    principal_arn: str
    """Root, user or role ARN; for a role session the role's, for a federated user's the user's."""
    account_id: str
    session_arn: str | None = None
    """The assumed-role ARN of a role session, the federated-user ARN of a federated user."""
    service: str | None = None
    federated: str | None = None
    """ARN or host name of the identity provider."""
    is_bounded: bool = False
    """Whether a permissions boundary hangs on the user or role: such a caller no NotPrincipal spares."""


class Grant(IntEnum):
    """How directly an Allow reaches the caller; the more directly, the less the caller's own side can withhold.

    Within one account, from IAM user guide, "Policy evaluation logic", "How AWS enforcement code logic evaluates
    requests": a session named by its ARN is not limited by an implicit deny of any other policy; a user named by its
    ARN not by one of its identity policies or boundary; a role's ARN, or `*`, not by one of the identity policies.
    An account's name is only a delegation.
    """

    NONE = 0
    ACCOUNT = 1
    EVERYBODY = 2
    ROLE = 3
    """The role's ARN for its sessions, the user's ARN for a federated user."""
    USER = 4
    SESSION = 5


@dataclass(frozen=True, slots=True)
class PrincipalSet:
    """The principals one statement names."""

    is_everybody: bool
    accounts: frozenset[str]
    arns: frozenset[str]
    services: frozenset[str]
    providers: frozenset[str]

    def includes(self, caller: Caller) -> bool:
        """Whether the caller is named, by itself, its role, its account, or as everybody."""
        if self.is_everybody:
            return True
        if caller.service is not None:
            return caller.service in self.services
        if caller.federated is not None:
            return caller.federated in self.providers
        return caller.account_id in self.accounts or self.names(caller)

    def names(self, caller: Caller) -> bool:
        """Whether the caller is named by its own ARN or its role's, not merely by its account."""
        return caller.principal_arn in self.arns or caller.session_arn in self.arns

    def spares(self, caller: Caller) -> bool:
        """Whether a NotPrincipal leaves the caller out: it must name the account, the user or role, and the session.

        (IAM reference, "NotPrincipal element": the account may be looked at first, then the role, then the session; and
        a Deny with it always denies whoever has a permissions boundary.)
        """
        if caller.is_bounded:
            return False
        if caller.service is not None:
            return caller.service in self.services
        if caller.federated is not None:
            return caller.federated in self.providers
        known_as = {arn for arn in (caller.principal_arn, caller.session_arn) if arn is not None}
        return caller.account_id in self.accounts and all(
            arn in self.arns or _is_root_arn(arn) is not None for arn in known_as
        )

    def grant_to(self, caller: Caller) -> Grant:
        """How directly an account's principal is named."""
        if caller.session_arn is not None and caller.session_arn in self.arns:
            return Grant.SESSION
        if caller.principal_arn in self.arns:
            is_user_itself = caller.session_arn is None and _is_user_arn(caller.principal_arn)
            return Grant.USER if is_user_itself else Grant.ROLE
        if self.is_everybody:
            return Grant.EVERYBODY
        return Grant.ACCOUNT if caller.account_id in self.accounts else Grant.NONE


def parse_principals(element: JsonElement) -> PrincipalSet:
    """Read a `Principal` or `NotPrincipal`. Raises MalformedPolicyDocument."""
    if element.value == "*":
        return PrincipalSet(True, frozenset(), frozenset(), frozenset(), frozenset())
    if not isinstance(element.value, dict) or not element.value:
        raise element.malformed("a principal must be * or an object with AWS, Service or Federated")
    named: dict[str, set[str]] = {
        "everybody": set(),
        "account": set(),
        "arn": set(),
        "service": set(),
        "provider": set(),
    }
    for kind, members in element.value.items():
        for item, text in _texts(members):
            place, value = _classify(kind, item, text)
            named[place].add(value)
    return PrincipalSet(
        bool(named["everybody"]),
        frozenset(named["account"]),
        frozenset(named["arn"]),
        frozenset(named["service"]),
        frozenset(named["provider"]),
    )


def _texts(element: JsonElement) -> Iterator[tuple[JsonElement, str]]:
    items = element.value if isinstance(element.value, list) else [element]
    if not items:
        raise element.malformed("the list is empty")
    for item in items:
        if not isinstance(item.value, str) or isinstance(item.value, JsonNumber):
            raise item.malformed("a principal must be a text")
        yield item, item.value


def _classify(kind: str, item: JsonElement, text: str) -> tuple[str, str]:
    match kind:
        case "AWS":
            if text == "*":
                return "everybody", text
            if _is_account(text):
                return "account", text
            if root := _is_root_arn(text):
                return "account", root[1]
            if _is_principal_arn(text) and "*" not in text and "?" not in text:
                return "arn", text
            raise item.malformed(
                "the value must be *, an account id, or the ARN of an account root, user, role or session"
            )
        case "Service":
            if _is_service(text):
                return "service", text
            raise item.malformed("the value must be a service principal such as ec2.amazonaws.com")
        case "Federated":
            if _is_provider(text):
                return "provider", text
            raise item.malformed("the value must be an identity provider's ARN or host name")
        case "CanonicalUser":
            raise item.malformed("canonical user ids do not exist here: name the account id under AWS")
    raise item.malformed("unknown kind of principal; AWS, Service and Federated exist")
