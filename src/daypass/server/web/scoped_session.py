"""`POST /v1/scoped-session`: a login makes a smaller one. The answer is a code grant's: credentials, tokens, ID token."""

from collections.abc import Mapping

from daypass.protocol.oauth.errors import InvalidRequest
from daypass.protocol.oauth.token_response import build_token_response
from daypass.secret import Secret
from daypass.server.domain.managed_policies import SHIPPED_POLICIES
from daypass.server.domain.token_call import TokenCall
from daypass.server.flows.scope_login import ScopeLoginFlow, ScopeRequest
from daypass.server.flows.session_policy_check import StoredPolicies
from daypass.server.issuers.built_in import BuiltInIssuer
from daypass.server.web.proven_form import ProvenFormEndpoint, take
from daypass.server.web.sign_in_parts import SignInParts
from daypass.server.web.token import AsgiApp

__all__ = ["build_scoped_session_app"]


def build_scoped_session_app(parts: SignInParts) -> AsgiApp:
    """The endpoint; answers every method and failure itself."""
    return _ScopedSessionEndpoint(parts).answer


class _ScopedSessionEndpoint(ProvenFormEndpoint):
    path = "/v1/scoped-session"
    name = "scoped_session"
    known = frozenset({"refresh_token", "name", "dpop_jkt", "policy", "policy_arns", "duration_seconds"})

    def __init__(self, parts: SignInParts) -> None:
        super().__init__(parts)
        issuer = BuiltInIssuer(
            parts.ring,
            credentials_lifetime=parts.lifetimes.credentials,
            id_token_issuer=parts.external_url,
        )
        self._flow = ScopeLoginFlow(
            storage=parts.storage,
            directory=parts.directory,
            issuer=issuer,
            ring=parts.ring,
            randomness=parts.randomness,
            session_policies=StoredPolicies(parts.storage.policies, SHIPPED_POLICIES),
            region=parts.region,
        )

    async def perform(self, form: Mapping[str, str], call: TokenCall) -> bytes:
        """In the JSON that `/v1/token` answers."""
        asked = ScopeRequest(
            refresh_token=Secret(take(form, "refresh_token")),
            name=take(form, "name"),
            dpop_jkt=take(form, "dpop_jkt"),
            policy=form.get("policy") or None,
            policy_arns=tuple(form.get("policy_arns", "").split()),
            duration_seconds=_read_seconds(form.get("duration_seconds", "")),
        )
        return build_token_response(await self._flow.scope(asked, call), "json")


def _read_seconds(text: str) -> int:
    if not text:
        return 3600
    if not text.isascii() or not text.isdecimal() or len(text) > 6:
        raise InvalidRequest("duration_seconds must be a whole number of seconds")
    return int(text)
