"""`POST /v1/revoke` (RFC 7009): the token in a form, the proof of its key in the `DPoP` header."""

from collections.abc import Mapping

from daypass.secret import Secret
from daypass.server.domain.token_call import TokenCall
from daypass.server.flows.revoke import RevokeFlow
from daypass.server.web.proven_form import ProvenFormEndpoint, take
from daypass.server.web.sign_in_parts import SignInParts
from daypass.server.web.token import AsgiApp

__all__ = ["build_revoke_app"]


def build_revoke_app(parts: SignInParts) -> AsgiApp:
    """The revocation endpoint; answers every method and failure itself."""
    return _RevocationEndpoint(parts).answer


class _RevocationEndpoint(ProvenFormEndpoint):
    path = "/v1/revoke"
    name = "revoke"
    known = frozenset({"token", "token_type_hint", "client_id"})

    def __init__(self, parts: SignInParts) -> None:
        super().__init__(parts)
        self._flow = RevokeFlow(
            sessions=parts.storage.login_sessions,
            audit=parts.storage.audit,
            directory=parts.directory,
            ring=parts.ring,
            randomness=parts.randomness,
        )

    async def perform(self, form: Mapping[str, str], call: TokenCall) -> bytes:
        """Success is an empty object, whatever there was to revoke (§2.2)."""
        token = Secret(take(form, "token"))
        await self._flow.revoke(token, dpop_jkt=call.dpop_jkt, caller=call.caller, now=call.now)
        return b"{}"
