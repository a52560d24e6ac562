"""The shipped policies are good policies, the same everywhere."""

import json
import re

import pytest

from daypass.policy.document import parse_policy
from daypass.policy.evaluation import evaluate
from daypass.policy.request_context import RequestContext
from daypass.server.domain.managed_policies import SHIPPED_POLICIES

PREFIX = "arn:aws:iam::aws:policy/"


@pytest.mark.parametrize("arn", SHIPPED_POLICIES)
def test_a_shipped_policy_can_be_evaluated(arn: str) -> None:
    policy = SHIPPED_POLICIES[arn]
    assert policy.arn == arn == PREFIX + policy.policy_name
    assert re.fullmatch(r"ANPA[A-Z2-7]{17}", policy.policy_id)
    assert parse_policy(policy.document, name=arn).statements


def test_ids_differ() -> None:
    assert len({policy.policy_id for policy in SHIPPED_POLICIES.values()}) == len(SHIPPED_POLICIES)


def test_the_sign_in_policy_is_the_published_one() -> None:
    document = json.loads(SHIPPED_POLICIES[PREFIX + "SignInLocalDevelopmentAccess"].document)
    assert document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["signin:AuthorizeOAuth2Access", "signin:CreateOAuth2Token"],
                "Resource": "arn:aws:signin:*:*:oauth2/public-client/*",
            }
        ],
    }


@pytest.mark.parametrize(
    "name, action, resource, is_allowed",
    [
        ("AdministratorAccess", "iam:DeleteUser", "*", True),
        ("AmazonS3FullAccess", "s3:DeleteBucket", "arn:aws:s3:::b", True),
        ("AmazonS3FullAccess", "iam:GetUser", "*", False),
        ("AmazonS3ReadOnlyAccess", "s3:GetObject", "arn:aws:s3:::b/k", True),
        ("AmazonS3ReadOnlyAccess", "s3:PutObject", "arn:aws:s3:::b/k", False),
        ("IAMFullAccess", "iam:CreateUser", "*", True),
        ("IAMFullAccess", "s3:GetObject", "*", False),
        ("IAMReadOnlyAccess", "iam:ListUsers", "*", True),
        ("IAMReadOnlyAccess", "iam:CreateUser", "*", False),
        ("IAMUserChangePassword", "iam:ChangePassword", "arn:aws:iam::111122223333:user/alice", True),
        ("IAMUserChangePassword", "iam:ChangePassword", "arn:aws:iam::111122223333:user/bob", False),
        ("ReadOnlyAccess", "s3:ListBucket", "arn:aws:s3:::b", True),
        ("ReadOnlyAccess", "iam:AttachUserPolicy", "*", False),
        ("ReadOnlyAccess", "s3:PutObject", "arn:aws:s3:::b/k", False),
        ("ReadOnlyAccess", "sts:AssumeRole", "*", False),
    ],
)
def test_a_shipped_policy_allows_what_its_name_says(
    name: str, action: str, resource: str, is_allowed: bool
) -> None:
    policy = parse_policy(SHIPPED_POLICIES[PREFIX + name].document, name=name)
    context = RequestContext(action, resource, {"aws:username": "alice"})
    assert evaluate([policy], context).is_allowed is is_allowed
