"""The managed policies shipped with the server: data, the same on every installation.

They stand under account part `aws`, may be attached by every account, and are changed by nobody
(AWS Managed Policy Reference). Where AWS's policy names services this server does not have, only the
statements that mean something here are kept.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType

from daypass.server.domain.account import ManagedPolicy

__all__ = ["SHIPPED_ACCOUNT", "SHIPPED_POLICIES"]

SHIPPED_ACCOUNT = "aws"
"""What stands where an account's policies have its twelve digits."""

_EVERYTHING = "*"


def _allow(action: str, *more: str, resource: str | list[str] = _EVERYTHING) -> dict[str, object]:
    return {
        "Effect": "Allow",
        "Action": [action, *more] if more else action,
        "Resource": resource,
    }


def _shipped(
    name: str, description: str, *statements: dict[str, object], created_at: int, version_id: str = "v1"
) -> ManagedPolicy:
    """One policy. Its id is derived from its name, so every installation has the same."""
    digest = hashlib.sha256(f"daypass/managed-policy/{name}".encode()).digest()
    return ManagedPolicy(
        account_id=SHIPPED_ACCOUNT,
        policy_id="ANPA" + base64.b32encode(digest).decode("ascii")[:17],
        policy_name=name,
        path="/",
        document=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=4),
        created_at=created_at,
        description=description,
        default_version_id=version_id,
    )


_FEBRUARY_2015 = 1_423_180_800
"""When AWS introduced managed policies: 6 February 2015."""
_NOVEMBER_2016 = 1_479_168_000
_NOVEMBER_2025 = 1_763_510_400

_POLICIES = (
    _shipped(
        "SignInLocalDevelopmentAccess",
        "Lets a person sign in from a terminal with the browser and receive temporary credentials.",
        _allow(
            "signin:AuthorizeOAuth2Access",
            "signin:CreateOAuth2Token",
            resource="arn:aws:signin:*:*:oauth2/public-client/*",
        ),
        created_at=_NOVEMBER_2025,
        version_id="v3",
    ),
    _shipped(
        "AdministratorAccess",
        "Allows every action on every resource.",
        _allow("*"),
        created_at=_FEBRUARY_2015,
    ),
    _shipped(
        "AmazonS3FullAccess",
        "Allows every action on every bucket and object.",
        _allow("s3:*", "s3-object-lambda:*"),
        created_at=_FEBRUARY_2015,
        version_id="v2",
    ),
    _shipped(
        "AmazonS3ReadOnlyAccess",
        "Allows reading and listing every bucket and object.",
        _allow("s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"),
        created_at=_FEBRUARY_2015,
        version_id="v3",
    ),
    _shipped(
        "IAMFullAccess",
        "Allows every IAM action.",
        _allow("iam:*"),
        created_at=_FEBRUARY_2015,
        version_id="v2",
    ),
    _shipped(
        "IAMReadOnlyAccess",
        "Allows reading users, roles and policies.",
        _allow(
            "iam:GenerateCredentialReport",
            "iam:GenerateServiceLastAccessedDetails",
            "iam:Get*",
            "iam:List*",
            "iam:SimulateCustomPolicy",
            "iam:SimulatePrincipalPolicy",
        ),
        created_at=_FEBRUARY_2015,
        version_id="v4",
    ),
    _shipped(
        "IAMUserChangePassword",
        "Lets an IAM user change the user's own password.",
        _allow("iam:ChangePassword", resource=["arn:aws:iam::*:user/${aws:username}"]),
        _allow("iam:GetAccountPasswordPolicy"),
        created_at=_NOVEMBER_2016,
        version_id="v2",
    ),
    _shipped(
        "ReadOnlyAccess",
        "Allows reading everything this server serves.",
        _allow(
            "cloudtrail:LookupEvents",
            "iam:Generate*",
            "iam:Get*",
            "iam:List*",
            "iam:Simulate*",
            "s3:DescribeJob",
            "s3:Get*",
            "s3:List*",
            "sts:GetAccessKeyInfo",
            "sts:GetCallerIdentity",
        ),
        created_at=_FEBRUARY_2015,
    ),
)

SHIPPED_POLICIES: Mapping[str, ManagedPolicy] = MappingProxyType({policy.arn: policy for policy in _POLICIES})
"""ARN (`arn:aws:iam::aws:policy/…`) to policy, in the order of this file."""
