"""May this principal do this: whose bucket it is, what both sides' policies say, and who is told why not.

Ownership is our table's, never the backend's. A bucket of another account is open to whom its policy lets in, root
included, and to nobody where it has none. A bucket nobody owns is told only to those who could list it, so that
names do not leak (S3 API reference, HeadBucket: 404 needs s3:ListBucket, else 403). Of a denial on another
account's bucket only the fact is told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from daypass.policy.decision import Decision
from daypass.policy.document import PolicyDocument
from daypass.policy.layers import ResourcePolicy
from daypass.policy.principals import Caller as PolicyCaller
from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import AccessDenied
from daypass.server.domain.access_refusal import RefusedRequest, refusal_reason, statement_words
from daypass.server.domain.audit import Caller
from daypass.server.domain.principal import PrincipalSnapshot, authorize, global_condition_values
from daypass.server.domain.session_values import claims_values
from daypass.server.domain.tokens import SessionClaims
from daypass.server.gateway.bucket_directory import BucketDirectory, OwnedBucket
from daypass.server.gateway.errors import InvalidAccessKeyId, NoSuchBucket
from daypass.server.gateway.operation import Operation, Permission
from daypass.server.gateway.request import GatewayRequest
from daypass.server.ports.principals import PrincipalDirectory

__all__ = [
    "Denied",
    "Question",
    "check_expected_owners",
    "check_permissions",
    "load_buckets",
    "load_principal",
]

_ROOT_ALWAYS_MAY = frozenset({"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"})
"""In its own account, whatever the bucket's policy says: so no bucket is ever locked for good (S3 API reference)."""
_EXPECTED_OWNER = "x-amz-expected-bucket-owner"
_SOURCE_EXPECTED_OWNER = "x-amz-source-expected-bucket-owner"


class Denied(AccessDenied):
    """A denial with what the audit log keeps of it."""

    def __init__(
        self,
        message: str,
        *,
        action: str,
        resource: str,
        reason: str,
        request: RefusedRequest | None = None,
    ) -> None:
        super().__init__(message, detail=reason)
        self.action = action
        self.resource = resource
        self.request = request
        """For the encoded message; None where nothing may be told."""


@dataclass(frozen=True, slots=True)
class Question:
    """Everything but the permission itself."""

    principal: PrincipalSnapshot
    claims: SessionClaims
    caller: Caller
    now: int
    region: str
    condition_values: Mapping[str, ConditionValue]
    session_policies: tuple[PolicyDocument, ...] = ()
    """What narrows these credentials."""
    buckets: Mapping[str, OwnedBucket] = field(default_factory=dict)
    """By name: the buckets the request touches, as far as they are somebody's."""

    @property
    def userid(self) -> str:
        """aws:userid."""
        return self.claims.userid or self.claims.principal_id

    def decide(self, permission: Permission) -> Decision:
        """Ask the policy engine."""
        return authorize(
            self.principal,
            action=permission.action,
            resource=permission.resource,
            caller=self.caller,
            now=self.now,
            region=self.region,
            userid=self.userid,
            condition_values=self.values_for(permission),
            session_policies=self.session_policies,
            resource_policy=self._resource_policy(permission),
        )

    def is_cross_account(self, permission: Permission) -> bool:
        """Whether the bucket is another account's."""
        return self._owner(permission) != self.claims.account_id

    def values_for(self, permission: Permission) -> dict[str, ConditionValue]:
        """The condition keys beside the global ones."""
        owner = self._owner(permission)
        return {
            "aws:ResourceAccount": owner,
            "s3:ResourceAccount": owner,
            **self.condition_values,
            **claims_values(self.claims, principal_tags=self.principal.tags, now=self.now),
        }

    def _owner(self, permission: Permission) -> str:
        """The caller's own account for what is nobody's yet: a bucket to be made, the list of buckets."""
        bucket = self.buckets.get(permission.bucket)
        return self.claims.account_id if bucket is None else bucket.owner_account_id

    def _resource_policy(self, permission: Permission) -> ResourcePolicy | None:
        bucket = self.buckets.get(permission.bucket)
        if bucket is None:
            return None
        if bucket.owner_account_id == self.claims.account_id:
            if bucket.policy is None:
                return None
            if self.principal.kind == "root" and permission.action in _ROOT_ALWAYS_MAY:
                return None
        is_session = self.principal.kind == "role" or bool(self.claims.userid)
        caller = PolicyCaller(
            self.principal.arn,
            self.claims.account_id,
            session_arn=self.claims.principal_arn if is_session else None,
        )
        return ResourcePolicy(bucket.policy, caller, bucket.owner_account_id)


async def load_principal(directory: PrincipalDirectory, claims: SessionClaims) -> PrincipalSnapshot:
    """Raises InvalidAccessKeyId when the account, user or role is no more."""
    snapshot = await directory.load(claims.account_id, claims.principal_kind, claims.principal_id)
    if snapshot is None:
        raise InvalidAccessKeyId("The AWS Access Key Id you provided does not exist in our records.")
    return snapshot


async def load_buckets(
    question: Question, request: GatewayRequest, operation: Operation, directory: BucketDirectory
) -> dict[str, OwnedBucket]:
    """Every bucket the request touches. Raises Denied or NoSuchBucket for one that is closed or not there."""
    if operation.name == "CreateBucket":
        return {}
    names = [*(permission.bucket for permission in operation.permissions), request.bucket]
    found: dict[str, OwnedBucket] = {}
    for name in dict.fromkeys(filter(None, names)):
        bucket = await directory.find(name, now=question.now)
        listing = Permission("s3:ListBucket", name, f"arn:aws:s3:::{name}")
        if bucket is None:
            if question.decide(listing).is_allowed:
                raise NoSuchBucket("The specified bucket does not exist")
            raise _closed(listing, "no such bucket")
        if bucket.owner_account_id != question.claims.account_id and bucket.policy is None:
            raise _closed(listing, "the bucket is another account's")
        found[name] = bucket
    return found


def _closed(listing: Permission, reason: str) -> Denied:
    """One text, whether the bucket is there or not."""
    return Denied("Access Denied", action="", resource=listing.resource, reason=reason)


def check_permissions(question: Question, permissions: Iterable[Permission]) -> None:
    """Every permission is allowed. Raises Denied with the first that is not."""
    for permission in permissions:
        decision = question.decide(permission)
        if not decision.is_allowed:
            raise _refusal(question, permission, decision)


def _refusal(question: Question, permission: Permission, decision: Decision) -> Denied:
    reason = f"{decision.policy_type}: {decision.effect} {statement_words(decision)}".rstrip()
    if question.is_cross_account(permission):
        return Denied("Access Denied", action=permission.action, resource=permission.resource, reason=reason)
    values = global_condition_values(
        question.principal,
        caller=question.caller,
        now=question.now,
        region=question.region,
        userid=question.userid,
    )
    claims = question.claims
    return Denied(
        f"User: {claims.principal_arn} is not authorized to perform: {permission.action} on resource: "
        f'"{permission.resource}" {refusal_reason(decision)}',
        action=permission.action,
        resource=permission.resource,
        reason=reason,
        request=RefusedRequest(
            claims.account_id,
            claims.principal_arn,
            question.userid,
            decision,
            {**values, **question.values_for(permission)},
        ),
    )


def check_expected_owners(question: Question, request: GatewayRequest, operation: Operation) -> None:
    """The owner a caller insists on is the owner, of the bucket and of the one that is copied from."""
    source = "" if operation.copy_source is None else operation.copy_source.bucket
    for name, bucket in ((_EXPECTED_OWNER, request.bucket), (_SOURCE_EXPECTED_OWNER, source)):
        owned = question.buckets.get(bucket)
        owner = question.claims.account_id if owned is None else owned.owner_account_id
        if request.headers.get(name, owner) != owner:
            raise Denied("Access Denied", action="", resource="", reason=f"{name} is another account")
