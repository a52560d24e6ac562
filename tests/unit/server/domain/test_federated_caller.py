"""How long a federated session lives, and what it carries."""

import pytest

from daypass.protocol.aws.errors import AccessDenied, ExpiredIdentityToken
from daypass.server.domain.account import Role
from daypass.server.domain.audit import Caller
from daypass.server.domain.federated_caller import (
    ASSUME_WITH_SAML,
    FederatedCaller,
    check_federated_trust,
    role_session_of,
    session_end,
)
from daypass.server.domain.role_session import FederatedIdentity, RoleSession, identity_owner

NOW = 1_900_000_000
PROVIDER = "arn:aws:iam::111122223333:saml-provider/Example"
IDENTITY = FederatedIdentity(PROVIDER, "https://idp.example.com", "ada")
TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:*",'
    f'"Principal":{{"Federated":"{PROVIDER}"}}}}]}}'
)


def _role(account_id: str = "111122223333", **changes: int) -> Role:
    return Role(account_id, "AROAEXAMPLE", "reader", "/", TRUST, 1, **changes)  # type: ignore[arg-type]  # by name


def _who(*, asked: int | None = None, ends_at: int | None = None) -> FederatedCaller:
    return FederatedCaller(
        action=ASSUME_WITH_SAML,
        provider_arn=PROVIDER,
        identity=IDENTITY,
        condition_values={},
        session_name="ada",
        source_identity="ada",
        tags=(("team", "blue"),),
        transitive_tag_keys=("team",),
        asked_duration=asked,
        session_ends_at=ends_at,
    )


@pytest.mark.parametrize(
    "asked, maximum, limit, ends_at, seconds",
    [
        (None, 7200, 43_200, None, 7200),
        (900, 7200, 43_200, None, 900),
        (9000, 7200, 43_200, None, 7200),
        (None, 7200, 1800, None, 1800),
        (None, 7200, 43_200, NOW + 60, 60),
        (900, 7200, 43_200, NOW + 9000, 900),
    ],
)
def test_the_earliest_end_counts(
    asked: int | None, maximum: int, limit: int, ends_at: int | None, seconds: int
) -> None:
    who = _who(asked=asked, ends_at=ends_at)
    assert session_end(_role(max_session_duration=maximum), who, now=NOW, limit=limit) == NOW + seconds


@pytest.mark.parametrize("ends_at", [NOW, NOW - 1])
def test_a_session_that_is_over_at_the_provider_never_begins(ends_at: int) -> None:
    with pytest.raises(ExpiredIdentityToken):
        session_end(_role(), _who(ends_at=ends_at), now=NOW, limit=3600)


def test_a_role_of_another_account_is_refused_though_it_trusts() -> None:
    caller = Caller("id", "127.0.0.1", "test/1", is_secure=True)
    check_federated_trust(_role(), _who(), caller=caller, now=NOW, region="us-east-1")
    with pytest.raises(AccessDenied, match=r"^Not authorized to perform sts:AssumeRoleWithSAML$"):
        check_federated_trust(_role("444455556666"), _who(), caller=caller, now=NOW, region="us-east-1")


def test_the_session_carries_what_the_provider_said() -> None:
    assert role_session_of(_role(), _who()) == RoleSession(
        "arn:aws:iam::111122223333:role/reader",
        "ada",
        (("team", "blue"),),
        ("team",),
        IDENTITY,
        identity_owner(IDENTITY),
    )
