"""Records that end in tracebacks and debug output keep what is secret out of their `repr`."""

from daypass.server.domain.account import Account, LoginProfile
from daypass.server.domain.key_ring import MasterKey
from daypass.server.settings import Settings

HIDDEN = "not-to-be-shown"


def test_the_repr_of_a_record_hides_hashes_keys_and_addresses_with_passwords() -> None:
    shown = [
        repr(Account("123456789012", None, "root@example.com", HIDDEN, 1, 1)),
        repr(LoginProfile("123456789012", "AIDAEXAMPLE", HIDDEN, 1)),
        repr(MasterKey(key_id="00000000", created_at=1, material=HIDDEN.encode())),
        repr(Settings(database_url=f"postgresql://daypass:{HIDDEN}@db/daypass")),
    ]
    assert not [text for text in shown if HIDDEN in text]
