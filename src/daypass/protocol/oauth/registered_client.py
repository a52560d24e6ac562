"""The OAuth clients this protocol knows: the two public clients built into AWS's tools.

They have no secret (RFC 6749 §2.1, public clients); what binds a grant to its owner is PKCE and DPoP.
Source: AWS Sign-In user guide, `client_id` of AuthorizeOAuth2Access.
"""

__all__ = ["CROSS_DEVICE", "PUBLIC_CLIENTS", "SAME_DEVICE"]

SAME_DEVICE = "arn:aws:signin:::devtools/same-device"
"""The browser and the terminal share a machine; the answer comes to a loopback port (RFC 8252 §7.3)."""

CROSS_DEVICE = "arn:aws:signin:::devtools/cross-device"
"""The person carries the answer from a page to the terminal."""

PUBLIC_CLIENTS = frozenset({SAME_DEVICE, CROSS_DEVICE})
