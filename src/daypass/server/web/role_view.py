"""How roles read on the page that offers them: by account, each with its name and its ARN."""

from collections.abc import Iterable
from dataclasses import dataclass

from daypass.server.domain.federation_ticket import RoleChoice

__all__ = ["AccountView", "RoleView", "group_roles"]


@dataclass(frozen=True, slots=True)
class RoleView:
    """Texts for the template, which escapes them."""

    arn: str
    name: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account's roles."""

    account: str
    """Twelve digits in groups of four."""
    roles: tuple[RoleView, ...]


def group_roles(choices: Iterable[RoleChoice]) -> list[AccountView]:
    """By account, in the order the provider named them."""
    by_account: dict[str, list[RoleView]] = {}
    for choice in choices:
        account, name = choice.role_arn.split(":")[4], choice.role_arn.rpartition("/")[2]
        by_account.setdefault(account, []).append(RoleView(choice.role_arn, name))
    return [
        AccountView(f"{account[:4]}-{account[4:8]}-{account[8:]}", tuple(roles))
        for account, roles in by_account.items()
    ]
