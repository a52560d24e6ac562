"""What S3 policies see of a role session: tags, source identity, who the person's provider is."""

import json

import pytest

from daypass.policy.document import parse_policy
from daypass.server.domain.audit import Caller
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.tokens import SessionClaims
from daypass.server.gateway.authorize import Question
from daypass.server.gateway.operation import Permission

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/Example"
NOW = 1_900_000_000
READ = Permission("s3:GetObject", "bucket", "arn:aws:s3:::bucket/blue/plan")


def _question(
    condition: dict[str, object], *, tags: Tags = (), role_tags: Tags = (), **values: str
) -> Question:
    policy = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}
    text = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    claims = SessionClaims(
        access_key_id="ASIAEXAMPLE",
        account_id=ACCOUNT,
        principal_kind="role",
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/ada",
        principal_id="AROAEXAMPLE:ada",
        issued_at=NOW,
        expires_at=NOW + 900,
        role_arn=ROLE,
        tags=tags,
        source_identity="ada",
        federated_provider=PROVIDER,
    )
    snapshot = PrincipalSnapshot(
        ACCOUNT, "role", "AROAEXAMPLE", ROLE, "reader", 0, 1, (parse_policy(text, name="own"),), role_tags
    )
    caller = Caller("id", "127.0.0.1", "test/1", is_secure=True)
    return Question(snapshot, claims, caller, NOW, "us-east-1", values)


BLUE, RED = (("Team", "blue"),), (("team", "red"),)
IS_BLUE = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}


@pytest.mark.parametrize(
    "tags, role_tags, is_allowed",
    [
        (BLUE, (), True),
        ((), BLUE, True),
        (BLUE, RED, True),
        (RED, BLUE, False),
        ((), (), False),
    ],
)
def test_a_session_s_tag_wins_over_its_role_s(tags: Tags, role_tags: Tags, is_allowed: bool) -> None:
    question = _question(IS_BLUE, tags=tags, role_tags=role_tags)
    assert question.decide(READ).is_allowed is is_allowed


def test_s3_policies_can_name_the_provider_and_the_source_identity() -> None:
    both = {"StringEquals": {"aws:FederatedProvider": PROVIDER, "aws:SourceIdentity": "ada"}}
    assert _question(both).decide(READ).is_allowed
    other = {"StringEquals": {"aws:FederatedProvider": PROVIDER + "2"}}
    assert not _question(other).decide(READ).is_allowed


def test_what_a_request_says_cannot_pass_for_a_tag_of_the_session() -> None:
    assert not _question(IS_BLUE, tags=RED, **{"aws:PrincipalTag/team": "blue"}).decide(READ).is_allowed
