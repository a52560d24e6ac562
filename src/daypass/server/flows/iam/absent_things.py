"""What users and roles may have at AWS and never have here: instance profiles, signing certificates, SSH keys,
credentials of single services.

Tools ask for them before they delete a user or a role, so the answer is a true "none": authorised like any other.
"""

from dataclasses import dataclass

from daypass.server.domain.paging import Listing
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.holders import find_role, find_user
from daypass.server.ports.storage import Storage

__all__ = ["AbsentThings"]

_NONE: Listing[dict[str, str]] = Listing((), None)


@dataclass(frozen=True, slots=True)
class AbsentThings:
    """The stories, over the port they need. `where` is how to page and what to filter: nothing is there to."""

    storage: Storage

    async def list_instance_profiles_for_role(
        self, call: VerifiedCall, *, role_name: str, **where: object
    ) -> Listing[dict[str, str]]:
        """Raises NoSuchEntity."""
        del where
        await find_role(self.storage, call, "iam:ListInstanceProfilesForRole", role_name)
        return _NONE

    async def list_signing_certificates(
        self, call: VerifiedCall, *, user_name: str | None = None, **where: object
    ) -> Listing[dict[str, str]]:
        """Raises NoSuchEntity."""
        del where
        return await self._none_of_user(call, "iam:ListSigningCertificates", user_name)

    async def list_ssh_public_keys(
        self, call: VerifiedCall, *, user_name: str | None = None, **where: object
    ) -> Listing[dict[str, str]]:
        """Raises NoSuchEntity."""
        del where
        return await self._none_of_user(call, "iam:ListSSHPublicKeys", user_name)

    async def list_service_specific_credentials(
        self, call: VerifiedCall, *, user_name: str | None = None, **where: object
    ) -> Listing[dict[str, str]]:
        """Raises NoSuchEntity."""
        del where
        return await self._none_of_user(call, "iam:ListServiceSpecificCredentials", user_name)

    async def _none_of_user(
        self, call: VerifiedCall, action: str, user_name: str | None
    ) -> Listing[dict[str, str]]:
        if user_name is None and call.principal.kind == "root":
            call.check_allowed(action, call.principal.arn)
        else:
            await find_user(self.storage, call, action, user_name or call.own_user_name())
        return _NONE
