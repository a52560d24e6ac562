"""Keys under which failed sign-ins are counted."""

from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.domain.throttle import attempt_key, owner_key, source_key

RING = KeyRing([MasterKey("0a0b0c0d", 1, bytes(32))])
TEXT = st.text(max_size=30)


def test_case_and_outer_white_space_do_not_make_another_key() -> None:
    key = attempt_key(RING, account="acme", name="alice", source_ip="192.0.2.1")
    assert len(key) == 16
    assert attempt_key(RING, account=" ACME", name="Alice ", source_ip="192.0.2.1") == key


def test_the_addresses_of_one_host_are_one_source() -> None:
    def key(source_ip: str) -> bytes:
        return attempt_key(RING, account="acme", name="alice", source_ip=source_ip)

    assert key("2001:db8:1:2::1") == key("2001:db8:1:2:ffff::9") == key("2001:DB8:1:2::1%eth0")
    assert key("2001:db8:1:2::1") != key("2001:db8:1:3::1")
    assert key("::ffff:192.0.2.1") == key("192.0.2.1") != key("192.0.2.2")
    assert key("") != key("::")


def test_the_key_cannot_be_computed_without_the_ring() -> None:
    other = KeyRing([MasterKey("0a0b0c0d", 1, b"x" * 32)])
    fields = {"account": "acme", "name": "alice", "source_ip": "192.0.2.1"}
    assert attempt_key(other, **fields) != attempt_key(RING, **fields)


@given(st.tuples(TEXT, TEXT, TEXT), st.tuples(TEXT, TEXT, TEXT))
@settings(max_examples=200, deadline=None)
def test_different_fields_never_run_into_one_key(
    one: tuple[str, str, str], two: tuple[str, str, str]
) -> None:
    def normal(fields: tuple[str, str, str]) -> tuple[str, str, str]:
        return (fields[0].strip().lower(), fields[1].strip().lower(), fields[2])

    keys = [attempt_key(RING, account=a, name=n, source_ip=s) for a, n, s in (one, two)]
    assert (keys[0] == keys[1]) == (normal(one) == normal(two))


# Failures of one source, and of one person


def test_the_addresses_of_one_host_are_one_source_for_every_name_too() -> None:
    assert source_key(RING, "2001:db8:1:2::1") == source_key(RING, "2001:db8:1:2:ffff::9")
    assert source_key(RING, "2001:db8:1:2::1") != source_key(RING, "2001:db8:1:3::1")
    assert (
        source_key(RING, "::ffff:192.0.2.1") == source_key(RING, "192.0.2.1") != source_key(RING, "192.0.2.2")
    )


def test_the_count_of_a_source_needs_the_ring_and_is_no_names_count() -> None:
    other = KeyRing([MasterKey("0a0b0c0d", 1, b"x" * 32)])
    key = source_key(RING, "192.0.2.1")
    assert len(key) == 16
    assert key != source_key(other, "192.0.2.1")
    assert key != attempt_key(RING, account="", name="", source_ip="192.0.2.1")


@given(TEXT, TEXT, TEXT, TEXT)
@settings(max_examples=200, deadline=None)
def test_no_names_count_is_ever_a_sources(account: str, name: str, source: str, other: str) -> None:
    assert attempt_key(RING, account=account, name=name, source_ip=source) != source_key(RING, other)


@given(TEXT)
@settings(max_examples=200, deadline=None)
def test_no_address_makes_the_counting_fail(source_ip: str) -> None:
    assert len(source_key(RING, source_ip)) == 16


def test_a_persons_failures_are_counted_by_what_they_failed_at() -> None:
    key = owner_key("MfaCode", "111122223333", "AIDA1")
    assert len(key) == 16
    assert key == owner_key("MfaCode", "111122223333", "AIDA1")
    others = [
        ("ChangePassword", "111122223333", "AIDA1"),
        ("MfaCode", "1", "AIDA1"),
        ("MfaCode", "111122223333", "AIDA2"),
    ]
    assert key not in {owner_key(*other) for other in others}
