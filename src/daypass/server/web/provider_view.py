"""How identity providers read on the pages: their labels, and the page that offers them.

The provider used last in this browser stands first. At most `_MOST_SHOWN` are in view, the others behind one control.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from daypass.server.domain.identity_provider import is_saml
from daypass.server.domain.provider_list import ListedProvider
from daypass.server.domain.provider_offer import OfferedProvider, provider_name
from daypass.server.flows.offer_providers import offer_providers
from daypass.server.web.page_tools import PageTools, Visit

__all__ = ["HowToSignIn", "begin_path", "provider_label"]

_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Link:
    """One provider on the page. The template escapes both."""

    label: str
    href: str


class HowToSignIn:
    """The page that begins every sign-in."""

    def __init__(self, tools: PageTools) -> None:
        self._tools = tools
        self._parts = tools.parts

    async def page(self, visit: Visit) -> Response:
        """Providers, and the form for root and IAM users."""
        offered = await offer_providers(
            self._parts.storage,
            self._parts.identity_providers,
            show_saml_providers=self._parts.show_saml_providers,
        )
        last = [provider for provider in offered if provider.provider_arn == visit.provider_arn]
        others = [provider for provider in offered if provider.provider_arn != visit.provider_arn]
        links = [_link(provider, visit) for provider in others]
        return self._tools.page(
            visit,
            "choose_how.html",
            last=_link(last[0], visit) if last else None,
            providers=links[:_MOST_SHOWN],
            more=links[_MOST_SHOWN:],
        )


def begin_path(provider_arn: str, request: str) -> str:
    """The link that begins a sign-in at a provider, for the terminal that waits (`request`, or empty)."""
    query = {"provider": provider_arn} | ({"request": request} if request else {})
    return f"/signin/federate?{urlencode(query)}"


def provider_label(provider_arn: str, listed: tuple[ListedProvider, ...]) -> str:
    """What people call the provider."""
    for entry in listed:
        if entry.provider_arn == provider_arn:
            return entry.label
    name = provider_name(provider_arn)
    return name if is_saml(provider_arn) else name.partition("/")[0]


def _link(provider: OfferedProvider, visit: Visit) -> _Link:
    return _Link(provider.label, begin_path(provider.provider_arn, visit.request))
