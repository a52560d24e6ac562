"""The ticket carries a person between two pages, whole, within an address, and for one purpose."""

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.secret import Secret
from daypass.server.domain.federated_caller import FederatedCaller
from daypass.server.domain.federation_refusal import FederationRefused
from daypass.server.domain.federation_ticket import (
    LONGEST_TICKET,
    FederationTicket,
    RoleChoice,
    open_federation_ticket,
    seal_federation_ticket,
)
from daypass.server.domain.key_ring import KeyRing, MasterKey, SealBroken
from daypass.server.domain.role_session import FederatedIdentity
from daypass.server.domain.sealed_verifier import open_verifier, seal_verifier

RING = KeyRing([MasterKey("0a0b0c0d", 1, bytes(range(32)))])
PROVIDER = "arn:aws:iam::111122223333:saml-provider/Corp"
NOW = 1_900_000_000


def caller(**changes: object) -> FederatedCaller:
    values: dict[str, object] = {
        "action": "sts:AssumeRoleWithSAML",
        "provider_arn": PROVIDER,
        "identity": FederatedIdentity(PROVIDER, "https://idp.example", "ada", "persistent", "s"),
        "condition_values": {"saml:sub": "ada", "saml:edupersonaffiliation": ("staff", "member")},
        "session_name": "ada",
        "source_identity": "ada",
        "tags": (("team", "red"),),
        "transitive_tag_keys": ("team",),
        "asked_duration": 900,
        "session_ends_at": NOW + 60,
    }
    return FederatedCaller(**(values | changes))  # type: ignore[arg-type]  # as the test says


def ticket(roles: int = 2, **changes: object) -> FederationTicket:
    choices = tuple(RoleChoice(f"arn:aws:iam::111122223333:role/team/Role{n}", 0) for n in range(roles))
    values: dict[str, object] = {
        "ticket_id": "t",
        "callers": (caller(),),
        "choices": choices,
        "browser_hash": b"b" * 32,
        "sealed_request": "",
        "expires_at": NOW + 600,
    }
    return FederationTicket(**(values | changes))  # type: ignore[arg-type]  # as the test says


def test_it_comes_back_as_it_was() -> None:
    made = ticket(callers=(caller(), caller(asked_duration=None, session_ends_at=None, tags=())))
    sealed = seal_federation_ticket(RING, made)
    assert open_federation_ticket(RING, sealed, browser_hash=b"b" * 32, now=NOW) == made


def test_two_hundred_and_fifty_roles_fit_an_address() -> None:
    assert len(seal_federation_ticket(RING, ticket(roles=250))) < LONGEST_TICKET


def test_what_does_not_fit_is_refused_by_name() -> None:
    noise = {f"saml:k{n}": base64.b64encode(hashlib.sha512(b"%d" % n).digest()).decode() for n in range(200)}
    with pytest.raises(FederationRefused) as refused:
        seal_federation_ticket(RING, ticket(callers=(caller(condition_values=noise),), sealed_request="r"))
    assert (refused.value.reason, refused.value.request) == ("too_many_roles", "r")


def test_it_is_for_one_browser_unless_it_began_at_the_provider() -> None:
    sealed = seal_federation_ticket(RING, ticket())
    with pytest.raises(FederationRefused) as refused:
        open_federation_ticket(RING, sealed, browser_hash=b"c" * 32, now=NOW)
    assert refused.value.reason == "other_browser"
    free = seal_federation_ticket(RING, ticket(browser_hash=b""))
    assert not open_federation_ticket(RING, free, browser_hash=b"c" * 32, now=NOW).was_asked_for


def test_it_ends() -> None:
    sealed = seal_federation_ticket(RING, ticket())
    assert open_federation_ticket(RING, sealed, browser_hash=b"b" * 32, now=NOW + 599)
    with pytest.raises(FederationRefused) as refused:
        open_federation_ticket(RING, sealed, browser_hash=b"b" * 32, now=NOW + 600)
    assert refused.value.reason == "expired"


def test_a_role_beyond_the_offer_has_no_caller() -> None:
    made = ticket()
    assert made.caller_for(made.choices[1].role_arn) == made.callers[0]
    assert made.caller_for("arn:aws:iam::111122223333:role/Other") is None


def test_verifier_and_ticket_do_not_open_as_each_other() -> None:
    verifier = Secret("v" * 43)
    assert open_verifier(RING, seal_verifier(RING, verifier)).reveal() == "v" * 43
    with pytest.raises(SealBroken):
        open_verifier(RING, seal_federation_ticket(RING, ticket()))
    with pytest.raises(FederationRefused):
        open_federation_ticket(RING, seal_verifier(RING, verifier), browser_hash=b"", now=NOW)


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(st.text(max_size=200), st.binary(max_size=200).map(lambda raw: RING.seal("federation", raw)))
)
def test_no_text_makes_it_raise_anything_but_our_refusal(text: str) -> None:
    with pytest.raises(FederationRefused):
        open_federation_ticket(RING, text, browser_hash=b"b" * 32, now=NOW)
