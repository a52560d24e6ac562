"""May this principal do this: first whose bucket it is, then what policy says.

Ownership is our table's, never the backend's: a bucket of another account is denied before policy is
asked, root included. A bucket nobody owns is told only to those who could list it, so that names do not
leak (S3 API reference, HeadBucket: 404 needs s3:ListBucket, else 403).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from daypass.policy.decision import Decision
from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import AccessDenied
from daypass.server.domain.audit import Caller
from daypass.server.domain.principal import PrincipalSnapshot, authorize
from daypass.server.domain.role_session import session_values
from daypass.server.domain.tokens import SessionClaims
from daypass.server.gateway.errors import InvalidAccessKeyId, NoSuchBucket
from daypass.server.gateway.operation import Permission
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.storage import BucketStore

__all__ = [
    "Denied",
    "Question",
    "check_expected_owners",
    "check_owner",
    "check_permissions",
    "load_principal",
]

_EXPECTED_OWNER = "x-amz-expected-bucket-owner"
_SOURCE_EXPECTED_OWNER = "x-amz-source-expected-bucket-owner"


class Denied(AccessDenied):
    """A denial with what the audit log keeps of it."""

    def __init__(self, message: str, *, action: str, resource: str, reason: str) -> None:
        super().__init__(message, detail=reason)
        self.action = action
        self.resource = resource


@dataclass(frozen=True, slots=True)
class Question:
    """Everything but the permission itself."""

    principal: PrincipalSnapshot
    claims: SessionClaims
    caller: Caller
    now: int
    region: str
    condition_values: Mapping[str, ConditionValue]

    def decide(self, permission: Permission) -> Decision:
        """Ask the policy engine."""
        issued_at = datetime.fromtimestamp(self.claims.issued_at, UTC)
        values: dict[str, ConditionValue] = {
            "aws:MultiFactorAuthPresent": "false",
            "aws:TokenIssueTime": issued_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:ResourceAccount": self.claims.account_id,
            "s3:ResourceAccount": self.claims.account_id,
            **self.condition_values,
            **session_values(
                source_identity=self.claims.source_identity,
                federated_provider=self.claims.federated_provider,
                tags=self.claims.tags,
                role_tags=self.principal.tags,
            ),
        }
        return authorize(
            self.principal,
            action=permission.action,
            resource=permission.resource,
            caller=self.caller,
            now=self.now,
            region=self.region,
            userid=self.claims.principal_id,
            condition_values=values,
        )


async def load_principal(directory: PrincipalDirectory, claims: SessionClaims) -> PrincipalSnapshot:
    """Raises InvalidAccessKeyId when the account, user or role is no more."""
    snapshot = await directory.load(claims.account_id, claims.principal_kind, claims.principal_id)
    if snapshot is None:
        raise InvalidAccessKeyId("The AWS Access Key Id you provided does not exist in our records.")
    return snapshot


async def check_owner(
    question: Question, bucket: str, *, buckets: BucketStore, adopt_unowned_buckets_for: str | None
) -> None:
    """The bucket is the caller's account's. Raises Denied or NoSuchBucket."""
    row = await buckets.load_bucket(bucket)
    owner = adopt_unowned_buckets_for if row is None else row.account_id
    if owner == question.claims.account_id:
        return
    listing = Permission("s3:ListBucket", bucket, f"arn:aws:s3:::{bucket}")
    if owner is None and question.decide(listing).is_allowed:
        raise NoSuchBucket("The specified bucket does not exist")
    reason = "no such bucket" if owner is None else "the bucket is another account's"
    raise Denied("Access Denied", action="", resource=listing.resource, reason=reason)


def check_permissions(question: Question, permissions: Iterable[Permission]) -> None:
    """Every permission is allowed. Raises Denied with the first that is not."""
    for permission in permissions:
        decision = question.decide(permission)
        if decision.is_allowed:
            continue
        because = "an explicit deny" if decision.decided_by is not None else "no statement that allows it"
        arn = question.claims.principal_arn
        raise Denied(
            f"User: {arn} is not authorized to perform: {permission.action} on resource: "
            f'"{permission.resource}" because of {because}',
            action=permission.action,
            resource=permission.resource,
            reason=f"{decision.effect}: {decision.decided_by}",
        )


def check_expected_owners(headers: Mapping[str, str], account_id: str) -> None:
    """The owner a caller insists on is the owner; all buckets of an allowed request are the caller's own."""
    for name in (_EXPECTED_OWNER, _SOURCE_EXPECTED_OWNER):
        if headers.get(name, account_id) != account_id:
            raise Denied("Access Denied", action="", resource="", reason=f"{name} is another account")
