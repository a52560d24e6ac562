"""A relying party id is a host name (WebAuthn Level 3, "relying party identifier")."""

import pytest

from daypass.server.domain.relying_party import has_relying_party_id


@pytest.mark.parametrize(
    ("url", "has_one"),
    [
        ("https://signin.example.com", True),
        ("http://localhost:8085", True),
        ("http://127.0.0.1:8085", False),
        ("https://[2001:db8::1]", False),
    ],
)
def test_passkeys_need_a_host_name(url: str, has_one: bool) -> None:
    assert has_relying_party_id(url) is has_one
