"""What would be allowed: to anybody with these policies, or to one of the account's users, groups or roles (IAM
reference: SimulateCustomPolicy, SimulatePrincipalPolicy, GetContextKeysForCustomPolicy,
GetContextKeysForPrincipalPolicy).

For a principal everything that decides is read: its own and its groups' policies, its boundary, the account's service
control policies, its tags. Condition values the request gives win over those.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from daypass.policy.layers import ResourcePolicy
from daypass.policy.principals import Caller as PolicyCaller
from daypass.policy.request_context import ConditionValue
from daypass.protocol.aws.errors import InvalidInput, NoSuchEntity
from daypass.server.domain.account import Group, ManagedPolicy, Role, User
from daypass.server.domain.context_keys import context_keys
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.paging import DEFAULT_PAGE_SIZE, Listing, open_marker, seal_marker
from daypass.server.domain.policy_simulation import Simulated, Simulation, Source
from daypass.server.domain.resource_tags import resource_tag_values
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.simulated_principal import PrincipalPolicies, principal_policies
from daypass.server.ports.storage import Storage

__all__ = ["Questions", "Simulations"]

_is_user_arn = re.compile(r"arn:aws:iam::([0-9]{12}):user/.+").fullmatch
_is_owner = re.compile(r"([0-9]{12})|arn:aws:iam::([0-9]{12}):root").fullmatch

ContextEntry = Mapping[str, object]
_ANY = ("*",)
MAX_WORK_OF_A_PAGE = 200_000_000
"""Characters of policies times characters of resources, summed over a page's questions: no decision takes more steps."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What to ask of the policies: every action on every resource."""

    action_names: Sequence[str]
    resource_arns: Sequence[str]
    resource_policy: str | None
    resource_owner: str | None
    caller_arn: str | None
    context_entries: Sequence[ContextEntry]

    def __len__(self) -> int:
        """How many questions there are: up to a million, of which nobody makes a list."""
        return len(self.action_names) * len(self.resource_arns or _ANY)

    def pair(self, number: int) -> tuple[str, str]:
        """Action and resource of one question; every resource is asked before the next action."""
        resources = self.resource_arns or _ANY
        return self.action_names[number // len(resources)], resources[number % len(resources)]

    def values(self) -> dict[str, ConditionValue]:
        """The condition values of the request."""
        found: dict[str, ConditionValue] = {}
        for entry in self.context_entries:
            if "ContextKeyName" not in entry:
                raise InvalidInput("A context entry has a name.")
            texts = entry.get("ContextKeyValues")
            given = tuple(str(text) for text in texts) if isinstance(texts, list) else ()
            is_list = str(entry.get("ContextKeyType", "")).endswith("List")
            if is_list:
                found[str(entry["ContextKeyName"])] = given
            elif len(given) == 1:
                found[str(entry["ContextKeyName"])] = given[0]
            else:
                raise InvalidInput("A context entry that is no list has one value.")
        return found

    def resource_side(
        self, account_id: str, principal_arn: str | None
    ) -> tuple[Source, ResourcePolicy] | None:
        """The resource's policy and who asks. Raises InvalidInput, MalformedPolicyDocument."""
        if self.resource_policy is None:
            return None
        caller = _is_user_arn(self.caller_arn or principal_arn or "")
        if caller is None:
            raise InvalidInput("CallerArn must be the ARN of an IAM user when a resource policy is given.")
        owner = _is_owner(self.resource_owner or account_id)
        if owner is None:
            raise InvalidInput("ResourceOwner must be the ARN of an account.")
        source = Source("ResourcePolicy", "resource", self.resource_policy)
        side = ResourcePolicy(
            source.parse("resource"), PolicyCaller(caller[0], caller[1]), owner[1] or owner[2]
        )
        return source, side


@dataclass(frozen=True, slots=True)
class Simulations:
    """The stories, over the ports they need."""

    storage: Storage
    ring: KeyRing
    shipped: Mapping[str, ManagedPolicy]

    async def simulate_custom_policy(
        self,
        call: VerifiedCall,
        *,
        questions: Questions,
        policy_input_list: Sequence[str],
        permissions_boundary_policy_input_list: Sequence[str] = (),
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[Simulated]:
        """By the policies given. Raises InvalidInput, MalformedPolicyDocument."""
        call.check_allowed("iam:SimulateCustomPolicy", "*")
        simulation = Simulation(
            _inputs("PolicyInputList", policy_input_list),
            boundary=_boundary(permissions_boundary_policy_input_list),
            resource_policy=questions.resource_side(call.account_id, None),
        )
        return self._ask(call, simulation, questions, values=questions.values(), page=(marker, max_items))

    async def simulate_principal_policy(
        self,
        call: VerifiedCall,
        *,
        questions: Questions,
        policy_source_arn: str,
        policy_input_list: Sequence[str] = (),
        permissions_boundary_policy_input_list: Sequence[str] = (),
        marker: str | None = None,
        max_items: int = DEFAULT_PAGE_SIZE,
    ) -> Listing[Simulated]:
        """By what a user, group or role has, and the policies given beside. A boundary given replaces its own.

        Raises NoSuchEntity, InvalidInput, MalformedPolicyDocument.
        """
        call.check_allowed("iam:SimulatePrincipalPolicy", policy_source_arn)
        holder, having = await self._find(call, policy_source_arn)
        simulation = Simulation(
            (*having.identity, *_inputs("PolicyInputList", policy_input_list)),
            boundary=_boundary(permissions_boundary_policy_input_list) or having.boundary,
            service_control=having.service_control,
            resource_policy=questions.resource_side(call.account_id, policy_source_arn),
        )
        values = {**_principal_values(holder), **questions.values()}
        return self._ask(call, simulation, questions, values=values, page=(marker, max_items))

    async def get_context_keys_for_custom_policy(
        self, call: VerifiedCall, *, policy_input_list: Sequence[str]
    ) -> list[str]:
        """Raises MalformedPolicyDocument."""
        call.check_allowed("iam:GetContextKeysForCustomPolicy", "*")
        return _keys(_inputs("PolicyInputList", policy_input_list))

    async def get_context_keys_for_principal_policy(
        self, call: VerifiedCall, *, policy_source_arn: str, policy_input_list: Sequence[str] = ()
    ) -> list[str]:
        """Raises NoSuchEntity, InvalidInput, MalformedPolicyDocument."""
        call.check_allowed("iam:GetContextKeysForPrincipalPolicy", policy_source_arn)
        _, having = await self._find(call, policy_source_arn)
        return _keys((*having.identity, *_inputs("PolicyInputList", policy_input_list)))

    async def _find(self, call: VerifiedCall, arn: str) -> tuple[User | Group | Role, PrincipalPolicies]:
        prefix = f"arn:aws:iam::{call.account_id}:"
        noun, _, rest = arn.removeprefix(prefix).partition("/")
        name = rest.rpartition("/")[2]
        if not arn.startswith(prefix) or noun not in ("user", "group", "role") or not name:
            raise InvalidInput("PolicySourceArn must be the ARN of a user, group or role of this account.")
        holder: User | Group | Role | None = None
        match noun:
            case "user":
                holder = await self.storage.users.load_user(call.account_id, name)
            case "group":
                holder = await self.storage.groups.load_group(call.account_id, name)
            case _:
                holder = await self.storage.roles.load_role(call.account_id, name)
        if (
            holder is None or holder.arn != arn
        ):  # policy was asked about the ARN, so it has to be the whole of it
            raise NoSuchEntity(f"The principal {arn} cannot be found.")
        return holder, await principal_policies(self.storage, self.shipped, holder)

    def _ask(
        self,
        call: VerifiedCall,
        simulation: Simulation,
        questions: Questions,
        *,
        values: Mapping[str, ConditionValue],
        page: tuple[str | None, int],
    ) -> Listing[Simulated]:
        """One page of results. Only what is on it is asked, however many questions there are, and of large policies a
        page has fewer than were wanted, at least one: others wait meanwhile (IAM reference, MaxItems: "IAM might return
        fewer").
        """
        listing = f"Simulate|{call.account_id}|{len(questions)}"
        marker, size = page
        after = open_marker(self.ring, marker, listing=listing)
        first = int(after) + 1 if after else 0
        results: list[Simulated] = []
        work = 0
        for number in range(first, min(len(questions), first + size)):
            action, resource = questions.pair(number)
            work += simulation.characters * len(resource)
            if results and work > MAX_WORK_OF_A_PAGE:
                break
            results.append(simulation.ask(action, resource, values))
        last = first + len(results) - 1
        more = seal_marker(self.ring, str(last), listing=listing) if last + 1 < len(questions) else None
        return Listing(tuple(results), more)


def _inputs(name: str, texts: Sequence[str]) -> tuple[Source, ...]:
    return tuple(Source(f"{name}.{number}", "none", text) for number, text in enumerate(texts, start=1))


def _boundary(texts: Sequence[str]) -> tuple[Source, ...]:
    if len(texts) > 1:
        raise InvalidInput("Only one permissions boundary policy can be simulated.")
    return _inputs("PermissionsBoundaryPolicyInputList", texts)


def _keys(sources: Sequence[Source]) -> list[str]:
    for source in sources:
        source.parse()
    return context_keys(source.text for source in sources)


def _principal_values(holder: User | Group | Role) -> dict[str, ConditionValue]:
    """What every request of this principal would have."""
    if isinstance(holder, Group):
        return {}
    values: dict[str, ConditionValue] = {
        key.replace("aws:ResourceTag/", "aws:PrincipalTag/"): value
        for key, value in resource_tag_values(holder.tags).items()
        if key.startswith("aws:")
    }
    values["aws:PrincipalArn"] = holder.arn
    values["aws:PrincipalAccount"] = holder.account_id
    if isinstance(holder, User):
        values |= {"aws:username": holder.user_name, "aws:userid": holder.user_id}
    return values
