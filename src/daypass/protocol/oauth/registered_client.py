"""The two public clients every AWS tool signs in with (AWS Sign-In user guide, CLI login)."""

__all__ = ["CROSS_DEVICE", "PUBLIC_CLIENTS", "SAME_DEVICE"]

SAME_DEVICE = "arn:aws:signin:::devtools/same-device"
"""A terminal on the machine with the browser: the answer comes to a loopback port."""
CROSS_DEVICE = "arn:aws:signin:::devtools/cross-device"
"""A terminal elsewhere: the answer is shown as a code to paste."""
PUBLIC_CLIENTS: frozenset[str] = frozenset({SAME_DEVICE, CROSS_DEVICE})
