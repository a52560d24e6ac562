"""Listings in pages: the `Marker` of the Query APIs, sealed so that it is opaque and only ours.

A marker continues one listing of one account and nothing else: it is bound to them by a hash inside the
seal (IAM reference, "ListUsers": Marker, at most 320 characters; IsTruncated).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from daypass.protocol.aws.errors import ValidationError
from daypass.server.domain.key_ring import KeyRing, SealBroken

__all__ = ["DEFAULT_PAGE_SIZE", "Listing", "open_marker", "page_of", "page_of_all", "seal_marker"]

DEFAULT_PAGE_SIZE = 100
"""IAM's default for MaxItems."""

_BINDING_BYTES = 8

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """One page."""

    items: tuple[Item, ...]
    marker: str | None
    """Where the next page begins; None on the last one."""


def seal_marker(ring: KeyRing, after: str, *, listing: str) -> str:
    """The marker that continues `listing` (account, operation and filter in one text) behind `after`."""
    return ring.seal("paging", _binding(listing) + after.encode())


def open_marker(ring: KeyRing, marker: str | None, *, listing: str) -> str:
    """The position inside a marker; empty without one. Raises ValidationError for one of another listing."""
    if marker is None:
        return ""
    try:
        plaintext, _ = ring.open("paging", marker)
    except SealBroken:
        raise ValidationError("Invalid Marker.") from None
    if plaintext[:_BINDING_BYTES] != _binding(listing):
        raise ValidationError("Invalid Marker.")
    return plaintext[_BINDING_BYTES:].decode()


def page_of(ring: KeyRing, found: Sequence[tuple[str, Item]], *, size: int, listing: str) -> Listing[Item]:
    """The first `size` of the (position, item) pairs; one pair more than `size` says that there is a next page."""
    kept = found[:size]
    marker = seal_marker(ring, kept[-1][0], listing=listing) if len(found) > size else None
    return Listing(tuple(item for _, item in kept), marker)


def page_of_all(
    ring: KeyRing, pairs: Sequence[tuple[str, Item]], *, marker: str | None, size: int, listing: str
) -> Listing[Item]:
    """One page of a listing that is at hand whole, in order of position. Raises ValidationError."""
    after = open_marker(ring, marker, listing=listing)
    return page_of(ring, [pair for pair in pairs if pair[0] > after], size=size, listing=listing)


def _binding(listing: str) -> bytes:
    return hashlib.sha256(listing.encode()).digest()[:_BINDING_BYTES]
