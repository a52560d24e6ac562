"""A session token is as long as somebody wants it, and no longer than the longest (STS reference, "AssumeRole")."""

from msgspec.structs import replace

from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.session_credentials import seal_credentials
from daypass.server.domain.token_size import MAX_SESSION_TOKEN_SIZE, enlarge
from daypass.server.domain.tokens import SessionClaims, open_session_token, temporary_secret_key

NOW = 1_900_000_000
RING = KeyRing([MasterKey("0a0b0c0d", 1, bytes(32))])
CLAIMS = SessionClaims("ASIA" + "A" * 16, "111122223333", "user", "arn:a", "AIDA1", NOW, NOW + 900)
MADE = seal_credentials(RING, CLAIMS)
SHORT = len(MADE.session_token.reveal())


def test_every_length_up_to_the_longest_can_be_had() -> None:
    for minimum in (*range(SHORT - 2, SHORT + 500), *range(500, MAX_SESSION_TOKEN_SIZE + 1, 7), 4095, 4096):
        size = len(enlarge(RING, MADE, minimum=minimum).session_token.reveal())
        assert max(SHORT, minimum) <= size <= max(SHORT, minimum + 4), minimum
        assert size <= MAX_SESSION_TOKEN_SIZE


def test_nothing_changes_where_the_token_is_long_enough() -> None:
    assert enlarge(RING, MADE, minimum=0) is MADE
    assert enlarge(RING, MADE, minimum=SHORT) is MADE


def test_a_long_token_says_what_the_short_one_says_and_has_its_secret() -> None:
    long = enlarge(RING, MADE, minimum=2000)
    claims, key_id = open_session_token(RING, long.session_token.reveal())
    assert claims == long.claims
    assert replace(claims, padding="") == CLAIMS
    assert long.secret_access_key == MADE.secret_access_key
    assert temporary_secret_key(RING, claims, key_id=key_id) == MADE.secret_access_key.reveal()
