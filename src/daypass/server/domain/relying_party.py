"""Under which name this server can be a WebAuthn relying party (WebAuthn Level 3, "relying party identifier")."""

import ipaddress
from urllib.parse import urlsplit

__all__ = ["has_relying_party_id"]


def has_relying_party_id(external_url: str) -> bool:
    """It is a host name: a server that is opened by its address has none, and so no passkeys."""
    try:
        ipaddress.ip_address(urlsplit(external_url).hostname or "")
    except ValueError:
        return True
    return False
