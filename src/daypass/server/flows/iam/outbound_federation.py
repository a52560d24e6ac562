"""Whether an account's principals get web identity tokens, and from which issuer (IAM reference,
"EnableOutboundWebIdentityFederation" and its relatives).

All accounts of one server have its address as issuer; the account stands in the token's claims. Unlike at AWS the switch
is on until an administrator turns it off. Tokens given before stay good until they end.
"""

from dataclasses import dataclass

from daypass.protocol.aws.errors import FeatureDisabled, FeatureEnabled
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.storage import Storage

__all__ = ["OutboundFederation"]


@dataclass(frozen=True, slots=True)
class OutboundFederation:
    """The stories, over the port they need. `issuer` is the server's URL without trailing slash."""

    storage: Storage
    issuer: str

    async def enable(self, call: VerifiedCall) -> str:
        """The issuer. Raises FeatureEnabled."""
        call.check_allowed("iam:EnableOutboundWebIdentityFederation", "*")
        if not await self.storage.account_settings.enable_web_identity(call.account_id, is_enabled=True):
            raise FeatureEnabled("Outbound web identity federation is already enabled for your account.")
        return self.issuer

    async def disable(self, call: VerifiedCall) -> None:
        """Raises FeatureDisabled."""
        call.check_allowed("iam:DisableOutboundWebIdentityFederation", "*")
        if not await self.storage.account_settings.enable_web_identity(call.account_id, is_enabled=False):
            raise _disabled()

    async def get_info(self, call: VerifiedCall) -> str:
        """The issuer. Raises FeatureDisabled."""
        call.check_allowed("iam:GetOutboundWebIdentityFederationInfo", "*")
        if not await self.storage.account_settings.is_web_identity_enabled(call.account_id):
            raise _disabled()
        return self.issuer


def _disabled() -> FeatureDisabled:
    return FeatureDisabled("Outbound web identity federation is disabled for your account.")
