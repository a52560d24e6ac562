"""Long-term access keys: how a new one's two texts are made."""

from daypass.server.domain.access_key import long_term_key_id, long_term_secret
from daypass.server.domain.tokens import access_key_account, is_long_term

ACCOUNT = "111122223333"


def test_a_long_term_key_id_holds_its_account_and_looks_like_aws_s() -> None:
    key_id = long_term_key_id(ACCOUNT, bytes(range(6)))
    assert key_id.startswith("AKIA")
    assert len(key_id) == 20
    assert access_key_account(key_id) == ACCOUNT
    assert is_long_term(key_id)
    assert len(long_term_secret(bytes(30)).reveal()) == 40
    assert "AAAA" not in repr(long_term_secret(bytes(30)))
