"""What is remembered of late."""

from daypass.server.adapters.bounded_store import BoundedStore


def test_the_longest_unused_thing_is_forgotten_first() -> None:
    store: BoundedStore[str, int] = BoundedStore(2)
    store.keep("a", 1)
    store.keep("b", 2)
    assert store.find("a") == 1
    store.keep("c", 3)
    assert [store.find(key) for key in "abc"] == [1, None, 3]


def test_keeping_again_replaces_and_renews() -> None:
    store: BoundedStore[str, int] = BoundedStore(2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        store.keep(key, value)
    assert [store.find(key) for key in "abc"] == [3, None, 4]
