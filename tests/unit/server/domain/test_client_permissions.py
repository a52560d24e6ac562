"""The two questions of sign-in see every ceiling over the principal, and its tags."""

import json
from dataclasses import replace

import pytest

from daypass.policy.decision import Decision, PolicyType
from daypass.policy.document import PolicyDocument, parse_policy
from daypass.protocol.oauth.registered_client import SAME_DEVICE
from daypass.server.domain.audit import Caller
from daypass.server.domain.client_permissions import authorize_tokens
from daypass.server.domain.principal import PrincipalSnapshot
from daypass.server.domain.tokens import RefreshClaims

ACCOUNT, NOW = "111122223333", 1_900_000_000


def _policy(action: str, **more: object) -> PolicyDocument:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*", **more}
    return parse_policy(json.dumps({"Version": "2012-10-17", "Statement": statement}), name=action)


ALICE = PrincipalSnapshot(
    ACCOUNT, "user", "AIDAX", f"arn:aws:iam::{ACCOUNT}:user/alice", "alice", 0, 1, (_policy("signin:*"),)
)
ROOT = PrincipalSnapshot(ACCOUNT, "root", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", "", 0, 1, ())


def _ask(snapshot: PrincipalSnapshot) -> Decision:
    claims = RefreshClaims(
        login_session_id="login",
        generation=0,
        dpop_jkt="jkt",
        client_id=SAME_DEVICE,
        account_id=ACCOUNT,
        ends_at=NOW + 900,
        principal_kind=snapshot.kind,
        principal_id=snapshot.principal_id,
    )
    return authorize_tokens(
        snapshot,
        claims,
        role_session=None,
        redirect_uri=None,
        caller=Caller("id", "127.0.0.1", "test/1", is_secure=True),
        now=NOW,
        region="us-east-1",
    )


def test_boundary_and_service_control_policies_count_at_sign_in() -> None:
    other = _policy("s3:*")
    for _ in range(2):  # the second time from memory
        assert _ask(ALICE).is_allowed
        assert _ask(replace(ALICE, boundary=other)).policy_type is PolicyType.BOUNDARY
        ceiling = _ask(replace(ALICE, service_control_policies=(other,)))
        assert (ceiling.is_allowed, ceiling.policy_type) == (False, PolicyType.SERVICE_CONTROL)
        root = _ask(replace(ROOT, service_control_policies=(other,)))
        assert (root.is_allowed, root.policy_type) == (False, PolicyType.SERVICE_CONTROL)
        assert _ask(ROOT).is_allowed


@pytest.mark.parametrize("team, is_allowed", [("blue", True), ("red", False)])
def test_a_user_s_tags_are_seen_at_sign_in(team: str, is_allowed: bool) -> None:
    is_blue = _policy("signin:*", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}})
    tagged = replace(ALICE, policies=(is_blue,), tags=(("team", team),))
    assert _ask(tagged).is_allowed is is_allowed
