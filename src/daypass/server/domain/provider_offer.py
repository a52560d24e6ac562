"""The identity providers a person may continue with, and what each is called on the page.

The operator's list comes first, in its order and with its labels; SAML providers made by the IAM API follow by
account and name. A name several accounts share gets the account's digits behind it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from daypass.server.domain.identity_provider import provider_account
from daypass.server.domain.provider_list import ListedProvider

__all__ = ["OfferedProvider", "name_providers", "provider_name"]


@dataclass(frozen=True, slots=True)
class OfferedProvider:
    """One entry: "Continue with <label>"."""

    provider_arn: str
    label: str


def provider_name(provider_arn: str) -> str:
    """The end of the ARN: a SAML provider's name, an OpenID Connect provider's host and path."""
    return provider_arn.partition("-provider/")[2]


def name_providers(
    listed: Iterable[ListedProvider], saml_provider_arns: Iterable[str]
) -> tuple[OfferedProvider, ...]:
    """Both lists as one; a provider on both keeps its place and label of the first."""
    named = {entry.provider_arn: entry.label for entry in listed}
    for arn in saml_provider_arns:
        named.setdefault(arn, provider_name(arn))
    shared = {
        label for label, count in Counter(label.lower() for label in named.values()).items() if count > 1
    }
    return tuple(
        OfferedProvider(arn, f"{label} ({provider_account(arn)})" if label.lower() in shared else label)
        for arn, label in named.items()
    )
