"""Why a principal may or may not do something: every kind of policy that is asked, and what each says.

The same engine and the same policies as a real request, with the condition values that follow from the principal and
the clock; what only a real request has (an address, an agent, a second factor) is absent unless it is given. For the
operator's command and for pages; nothing here changes anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from daypass.policy.decision import Decision, PolicyType
from daypass.policy.document import PolicyDocument
from daypass.policy.layers import ResourcePolicy, Verdict, conclude, weigh
from daypass.policy.near_misses import NearMiss, find_near_misses
from daypass.policy.principals import Caller as PolicyCaller
from daypass.policy.request_context import ConditionValue, RequestContext
from daypass.protocol.aws.arn import Arn, parse_arn
from daypass.protocol.aws.errors import NoSuchEntity, ValidationError
from daypass.server.domain.audit import Caller
from daypass.server.domain.bucket_policy import parse_stored_bucket_policy
from daypass.server.domain.principal import PrincipalSnapshot, global_condition_values, layers_of
from daypass.server.domain.role_session import principal_tag_values
from daypass.server.domain.session import PrincipalKind
from daypass.server.domain.trust_policy import parse_trust_policy
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.ports.storage import Storage

__all__ = ["AdministratorsExplanation", "DecisionExplainer", "Explanation"]

_OF_THE_REQUEST = ("aws:SourceIp", "aws:UserAgent", "aws:SecureTransport", "aws:RequestedRegion")
"""Global keys that a question without a request does not have."""
_NOBODY = Caller("", "", "", is_secure=False)
_TRUST_ACTIONS = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity")


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision and everything it was made of."""

    decision: Decision
    verdicts: tuple[Verdict, ...]
    """One per kind of policy that is there, in the order they are asked."""
    near_misses: tuple[NearMiss, ...]
    condition_values: Mapping[str, ConditionValue]


@dataclass(frozen=True, slots=True)
class _Asker:
    snapshot: PrincipalSnapshot
    session_arn: str | None
    userid: str | None


@dataclass(frozen=True, slots=True)
class DecisionExplainer:
    """The story, over the ports it needs."""

    storage: Storage
    directory: PrincipalDirectory

    async def explain(
        self,
        *,
        principal_arn: str,
        action: str,
        resource: str,
        now: int,
        condition_values: Mapping[str, ConditionValue],
        session_policies: tuple[PolicyDocument, ...] = (),
    ) -> Explanation:
        """`condition_values` come on top of what is known. Raises ValidationError, NoSuchEntity, StorageError."""
        asker = await self._find(principal_arn)
        values = _known_values(asker, now)
        resource_policy = await self._resource_policy(asker, action, resource)
        if resource_policy is not None:
            values["aws:ResourceAccount"] = resource_policy.owner_account_id
        values.update(condition_values)
        context = RequestContext(action, resource, values)
        layers = layers_of(asker.snapshot, session_policies)
        verdicts = weigh(layers, context, resource_policy)
        near = [miss for _, policies in layers.sets() for miss in find_near_misses(policies, context)]
        if resource_policy is not None and resource_policy.document is not None:
            near += find_near_misses([resource_policy.document], context)
        return Explanation(conclude(verdicts, context), tuple(verdicts), tuple(near), values)

    async def _find(self, principal_arn: str) -> _Asker:
        arn = parse_arn(principal_arn)
        kind, principal_id, session = await self._identify(arn, principal_arn)
        snapshot = await self.directory.load(arn.account_id, kind, principal_id)
        if snapshot is None:
            raise NoSuchEntity("There is no such account")
        if not session:
            return _Asker(snapshot, None, None)
        return _Asker(snapshot, principal_arn, f"{principal_id}:{session}")

    async def _identify(self, arn: Arn, principal_arn: str) -> tuple[PrincipalKind, str, str]:
        """Kind, id, and the session's name if it is one."""
        noun, _, rest = arn.resource.partition("/")
        name = rest.rpartition("/")[2]
        match arn.service, noun:
            case "iam", "root" if not rest:
                return "root", arn.account_id, ""
            case "iam", "user":
                user = await self.storage.users.load_user(arn.account_id, name)
                if user is not None and user.arn == principal_arn:
                    return "user", user.user_id, ""
            case "iam", "role":
                role = await self.storage.roles.load_role(arn.account_id, name)
                if role is not None and role.arn == principal_arn:
                    return "role", role.role_id, ""
            case "sts", "assumed-role" if rest.count("/") == 1:
                role = await self.storage.roles.load_role(arn.account_id, rest.partition("/")[0])
                if role is not None:
                    return "role", role.role_id, name
            case _:
                raise ValidationError(
                    "The principal must be the ARN of an account root, a user, a role or an assumed-role session"
                )
        raise NoSuchEntity("There is no such principal")

    async def _resource_policy(self, asker: _Asker, action: str, resource: str) -> ResourcePolicy | None:
        """What the resource's side has to say; None where the caller's account alone decides."""
        if resource == "*" or not resource.startswith("arn:"):
            return None
        arn = parse_arn(resource)
        snapshot = asker.snapshot
        caller = PolicyCaller(snapshot.arn, snapshot.account_id, asker.session_arn)
        if arn.service == "s3" and not arn.account_id:
            return await self._bucket_policy(caller, arn.resource.partition("/")[0])
        if arn.service == "iam" and action.lower().startswith(_TRUST_ACTIONS):
            role = await self.storage.roles.load_role(arn.account_id, arn.resource.rpartition("/")[2])
            if role is not None and role.arn == resource:
                return ResourcePolicy(
                    parse_trust_policy(role.trust_policy, role.arn), caller, role.account_id
                )
        if arn.account_id in ("", "aws", snapshot.account_id):
            return None
        return ResourcePolicy(None, caller, arn.account_id)

    async def _bucket_policy(self, caller: PolicyCaller, bucket: str) -> ResourcePolicy | None:
        row = await self.storage.buckets.load_bucket(bucket)
        if row is None:
            return None
        text = await self.storage.buckets.load_bucket_policy(bucket)
        document = None if text is None else parse_stored_bucket_policy(text, bucket)
        if document is None and row.account_id == caller.account_id:
            return None
        return ResourcePolicy(document, caller, row.account_id)


def _known_values(asker: _Asker, now: int) -> dict[str, ConditionValue]:
    snapshot = asker.snapshot
    values = global_condition_values(snapshot, caller=_NOBODY, now=now, region="", userid=asker.userid)
    for name in _OF_THE_REQUEST:
        del values[name]
    return values | principal_tag_values(snapshot.tags)


@dataclass(frozen=True, slots=True)
class AdministratorsExplanation:
    """For whoever may simulate that principal's policies.

    What belongs to others stays theirs: of another account's policies and of the operator's ceilings the answer says
    what they decide, never which statement, nor what would have been needed.
    """

    explainer: DecisionExplainer

    async def explain(
        self,
        call: VerifiedCall,
        *,
        principal_arn: str,
        action: str,
        resource: str,
        condition_values: Mapping[str, ConditionValue],
    ) -> Explanation:
        """`iam:SimulatePrincipalPolicy` on the principal is needed. Raises ValidationError, NoSuchEntity, AccessRefused."""
        call.check_allowed("iam:SimulatePrincipalPolicy", principal_arn)
        arn = parse_arn(principal_arn)
        if arn.service != "iam" or arn.resource.partition("/")[0] not in ("user", "role"):
            raise ValidationError("The principal must be the ARN of a user or a role")
        if arn.account_id != call.account_id:
            raise NoSuchEntity("There is no such principal in this account")
        found = await self.explainer.explain(
            principal_arn=principal_arn,
            action=action,
            resource=resource,
            now=call.now,
            condition_values=condition_values,
        )
        return _of_the_account(found, call.account_id)


def _of_the_account(found: Explanation, account_id: str) -> Explanation:
    hidden = {PolicyType.SERVICE_CONTROL}
    names = ["service control policy "]
    if found.condition_values.get("aws:ResourceAccount", account_id) != account_id:
        hidden.add(PolicyType.RESOURCE)
        names += ["bucket policy of ", "trust policy of "]
    decision = found.decision
    return replace(
        found,
        decision=decision._replace(decided_by=None) if decision.policy_type in hidden else decision,
        verdicts=tuple(
            _without_statement(each) if each.decision.policy_type in hidden else each
            for each in found.verdicts
        ),
        near_misses=tuple(each for each in found.near_misses if not each.ref.policy.startswith(tuple(names))),
    )


def _without_statement(verdict: Verdict) -> Verdict:
    return verdict._replace(decision=verdict.decision._replace(decided_by=None))
