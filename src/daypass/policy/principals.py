"""Whom a trust policy speaks of: accounts, users, roles, role sessions, services, identity providers.

A trust statement names principals exactly; `*` alone is everybody, and there are no partial wildcards
(IAM reference, "Principal element"). Naming an account (twelve digits or its root ARN) means every
principal of it, to whom the account must still grant the action; naming an ARN grants directly.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from daypass.policy.json_source import JsonElement, JsonNumber

__all__ = ["Caller", "PrincipalSet", "parse_principals"]

_is_account = re.compile(r"[0-9]{12}").fullmatch
_is_root_arn = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):root").fullmatch
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
    """User or role ARN; for a role session the role's."""
    account_id: str
    session_arn: str | None = None
    """The assumed-role ARN of a role session."""
    service: str | None = None
    federated: str | None = None
    """ARN or host name of the identity provider."""


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
    raise item.malformed("unknown kind of principal; AWS, Service and Federated exist")
