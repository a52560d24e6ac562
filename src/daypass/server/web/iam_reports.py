"""The IAM API's rows about what is and what would be allowed: simulations, account details, the credential report.

What an action means stands in `flows/iam/`; its parameters and its answer are the service model's (`query_model.py`).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from daypass.server.domain.account import Group, Role, User
from daypass.server.domain.managed_policies import SHIPPED_POLICIES
from daypass.server.domain.paging import Listing
from daypass.server.domain.policy_simulation import Matched, Position, Simulated
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.iam.authorization_details import (
    AuthorizationDetails,
    HolderDetail,
    PolicyWithVersions,
)
from daypass.server.flows.iam.credential_reports import CredentialReport, CredentialReports
from daypass.server.flows.iam.simulation import Questions, Simulations
from daypass.server.web import iam_members as members
from daypass.server.web.iam_members import Members, end_members, page_members
from daypass.server.web.iam_parts import IamParts
from daypass.server.web.model_operation import ModelOperation, changing, reading

__all__ = ["build_report_operations"]


def build_report_operations(parts: IamParts) -> Mapping[str, ModelOperation]:
    """Every row of this file, by action."""
    simulations = Simulations(parts.storage, parts.ring, SHIPPED_POLICIES)
    details = AuthorizationDetails(parts.storage, parts.ring, SHIPPED_POLICIES)
    reports = CredentialReports(parts.storage)
    results = page_members("EvaluationResults", _result)
    rows = (
        reading(
            "SimulateCustomPolicy",
            _asking(simulations.simulate_custom_policy),
            results,
            without=("OrderedOrganizationPolicyInputList", "ResourceHandlingOption"),
        ),
        reading(
            "SimulatePrincipalPolicy",
            _asking(simulations.simulate_principal_policy),
            results,
            without=("PolicyExclusionList", "ResourceHandlingOption"),
        ),
        reading("GetContextKeysForCustomPolicy", simulations.get_context_keys_for_custom_policy, _keys),
        reading("GetContextKeysForPrincipalPolicy", simulations.get_context_keys_for_principal_policy, _keys),
        reading("GetAccountAuthorizationDetails", details.get_account_authorization_details, _details),
        changing(
            "GenerateCredentialReport",
            reports.generate_credential_report,
            lambda _: {"State": "COMPLETE"},
        ),
        reading("GetCredentialReport", reports.get_credential_report, _report),
    )
    return {row.action: row for row in rows}


def _asking(run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The flow with its questions in one record."""

    async def ask(
        call: VerifiedCall,
        *,
        action_names: list[str],
        resource_arns: list[str] | None = None,
        resource_policy: str | None = None,
        resource_owner: str | None = None,
        caller_arn: str | None = None,
        context_entries: list[Mapping[str, object]] | None = None,
        **policies: Any,
    ) -> Any:
        questions = Questions(
            action_names,
            resource_arns or (),
            resource_policy,
            resource_owner,
            caller_arn,
            context_entries or (),
        )
        return await run(call, questions=questions, **policies)

    return ask


def _result(result: Simulated) -> Members:
    return {
        "EvalActionName": result.action,
        "EvalResourceName": result.resource,
        "EvalDecision": result.effect.value,
        "MatchedStatements": [] if result.matched is None else [_matched(result.matched)],
        "MissingContextValues": result.missing_context_keys,
        "OrganizationsDecisionDetail": None
        if result.by_organizations is None
        else {"AllowedByOrganizations": result.by_organizations},
        "PermissionsBoundaryDecisionDetail": None
        if result.by_boundary is None
        else {"AllowedByPermissionsBoundary": result.by_boundary},
    }


def _matched(matched: Matched) -> Members:
    return {
        "SourcePolicyId": matched.source.policy_id,
        "SourcePolicyType": matched.source.source_type,
        "StartPosition": _position(matched.start),
        "EndPosition": _position(matched.end),
    }


def _position(position: Position) -> Members:
    return {"Line": position.line, "Column": position.column}


def _keys(keys: list[str]) -> Members:
    return {"ContextKeyNames": keys}


def _report(report: CredentialReport) -> Members:
    return {
        "Content": report.content,
        "ReportFormat": "text/csv",
        "GeneratedTime": report.generated_at,
    }


def _details(listing: Listing[HolderDetail | PolicyWithVersions]) -> Members:
    found: dict[str, list[Members]] = {
        "UserDetailList": [],
        "GroupDetailList": [],
        "RoleDetailList": [],
        "Policies": [],
    }
    for detail in listing.items:
        if isinstance(detail, PolicyWithVersions):
            found["Policies"].append(_policy_detail(detail))
            continue
        match detail.holder:
            case User():
                found["UserDetailList"].append(_user_detail(detail.holder, detail))
            case Group():
                found["GroupDetailList"].append(_group_detail(detail.holder, detail))
            case Role():
                found["RoleDetailList"].append(_role_detail(detail.holder, detail))
    return {**found, **end_members(listing)}


def _user_detail(user: User, detail: HolderDetail) -> Members:
    shown = {**members.person_members(user)}
    del shown["PasswordLastUsed"]
    return {
        **shown,
        "UserPolicyList": [members.inline_members(policy) for policy in detail.inline],
        "GroupList": detail.group_names,
        "AttachedManagedPolicies": members.attached_policies(detail.attached),
    }


def _group_detail(group: Group, detail: HolderDetail) -> Members:
    return {
        **members.group_members(group),
        "GroupPolicyList": [members.inline_members(policy) for policy in detail.inline],
        "AttachedManagedPolicies": members.attached_policies(detail.attached),
    }


def _role_detail(role: Role, detail: HolderDetail) -> Members:
    shown = {**members.role_members(role)}
    del shown["Description"], shown["MaxSessionDuration"]
    return {
        **shown,
        "InstanceProfileList": [],
        "RolePolicyList": [members.inline_members(policy) for policy in detail.inline],
        "AttachedManagedPolicies": members.attached_policies(detail.attached),
        "PermissionsBoundary": members.boundary_members(role.permissions_boundary),
        "Tags": members.tag_members(role.tags) or None,
    }


def _policy_detail(detail: PolicyWithVersions) -> Members:
    return {
        **members.policy_members(detail.policy, attachments=detail.attachments, boundaries=detail.boundaries),
        "Description": detail.policy.description or None,
        "PolicyVersionList": [
            {**members.version_members(version), "Document": version.document} for version in detail.versions
        ],
    }
