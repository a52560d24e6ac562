"""What S3 policies see of a role session: tags, source identity, who the person's provider is."""

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from daypass.policy.decision import Decision, PolicyType
from daypass.policy.document import PolicyDocument, PolicyKind, parse_policy
from daypass.server.domain.audit import Caller
from daypass.server.domain.identity_provider import Tags
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.tokens import SessionClaims
from daypass.server.gateway.authorize import Question
from daypass.server.gateway.bucket_directory import OwnedBucket
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


def _policy(effect: str, action: str, kind: PolicyKind = "identity", **more: object) -> PolicyDocument:
    statement = {"Effect": effect, "Action": action, "Resource": "*", **more}
    return parse_policy(json.dumps({"Statement": statement}), name=f"{effect} {action}", kind=kind)


def _asking(question: Question, **changes: Any) -> Decision:
    return replace(question, **changes).decide(READ)


def test_session_policies_and_boundary_narrow_what_the_role_may() -> None:
    question = _question({})
    assert _asking(question).is_allowed
    narrow = _policy("Allow", "s3:PutObject")
    assert _asking(question, session_policies=(narrow,)).policy_type is PolicyType.SESSION
    bounded = replace(question.principal, boundary=narrow)
    assert _asking(question, principal=bounded).policy_type is PolicyType.BOUNDARY
    over = replace(question.principal, service_control_policies=(narrow,))
    assert _asking(question, principal=over).policy_type is PolicyType.SERVICE_CONTROL


@pytest.mark.parametrize("action", ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"])
def test_root_of_the_owner_and_of_nobody_else_is_above_the_bucket_s_policy(action: str) -> None:
    root = PrincipalSnapshot(ACCOUNT, "root", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", "", 0, 1, ())
    deny = _policy("Deny", "s3:*", "resource", Principal="*")
    permission = Permission(action, "bucket", "arn:aws:s3:::bucket")
    question = replace(_question({}), principal=root, buckets={"bucket": OwnedBucket(ACCOUNT, deny)})
    assert question.decide(permission).is_allowed
    assert not question.decide(READ).is_allowed
    theirs = replace(question, buckets={"bucket": OwnedBucket("444455556666", deny)})
    assert not theirs.decide(permission).is_allowed
    narrowed = replace(question, session_policies=(_policy("Allow", "s3:GetObject"),))
    assert not narrowed.decide(permission).is_allowed


def test_credentials_of_a_renamed_user_do_not_go_by_the_old_name() -> None:
    """A user's ARN stands in claims as it was; who the user is now is said by the directory."""
    question = _question({})
    user = PrincipalSnapshot(ACCOUNT, "user", "AIDAX", f"arn:aws:iam::{ACCOUNT}:user/new", "new", 0, 1, ())
    claims = msgspec.structs.replace(
        question.claims, principal_kind="user", principal_arn=f"arn:aws:iam::{ACCOUNT}:user/old", role_arn=""
    )
    for name, is_allowed in (("old", False), ("new", True)):
        named = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/{name}"}
        buckets = {"bucket": OwnedBucket(ACCOUNT, _policy("Allow", "s3:*", "resource", Principal=named))}
        decision = _asking(question, principal=user, claims=claims, buckets=buckets)
        assert decision.is_allowed is is_allowed


def test_policies_see_whose_bucket_it_is() -> None:
    owner = {"StringEquals": {"aws:ResourceAccount": "444455556666", "s3:ResourceAccount": "444455556666"}}
    question = _question(owner)
    assert not question.decide(READ).is_allowed
    grant = _policy("Allow", "s3:*", "resource", Principal={"AWS": ACCOUNT})
    assert _asking(question, buckets={"bucket": OwnedBucket("444455556666", grant)}).is_allowed
