"""The admin pages, put together: routes and wiring only."""

from collections.abc import Mapping

from starlette.routing import Route

from daypass.server.flows.explain_decision import AdministratorsExplanation, DecisionExplainer
from daypass.server.web.admin_account import AdminAccount
from daypass.server.web.admin_audit import AdminAudit
from daypass.server.web.admin_call import AdminCalls
from daypass.server.web.admin_desk import AdminDesk
from daypass.server.web.admin_explain import AdminExplain
from daypass.server.web.admin_people import AdminPeople
from daypass.server.web.admin_providers import AdminProviders
from daypass.server.web.admin_roles import AdminRoles
from daypass.server.web.admin_sessions import AdminSessions
from daypass.server.web.audited_calls import AuditedCalls
from daypass.server.web.iam import build_iam_operations
from daypass.server.web.page_tools import PageTools
from daypass.server.web.query_audit import QueryAudit
from daypass.server.web.query_operation import Operation
from daypass.server.web.signin_operations import build_signin_operations

__all__ = ["build_admin_routes"]


def build_admin_routes(tools: PageTools) -> list[Route]:
    """Everything under `/admin/{session_id}`."""
    parts = tools.parts
    storage = parts.storage
    calls = AuditedCalls(QueryAudit(storage.audit, parts.randomness), parts.directory, parts.metrics)
    desk = AdminDesk(tools, calls, _tables(tools))
    account, people, roles = AdminAccount(desk), AdminPeople(desk), AdminRoles(desk)
    providers, call = AdminProviders(desk), AdminCalls(desk)
    sessions, audit = AdminSessions(desk), AdminAudit(desk, storage.audit)
    explain = AdminExplain(desk, AdministratorsExplanation(DecisionExplainer(storage, parts.directory)))
    return [
        Route("/admin/{session_id}", account.overview, methods=["GET"]),
        Route("/admin/{session_id}/credential-report.csv", account.report, methods=["GET"]),
        Route("/admin/{session_id}/users", people.users, methods=["GET"]),
        Route("/admin/{session_id}/user", people.user, methods=["GET"]),
        Route("/admin/{session_id}/groups", people.groups, methods=["GET"]),
        Route("/admin/{session_id}/group", people.group, methods=["GET"]),
        Route("/admin/{session_id}/roles", roles.roles, methods=["GET"]),
        Route("/admin/{session_id}/role", roles.role, methods=["GET"]),
        Route("/admin/{session_id}/policies", roles.policies, methods=["GET"]),
        Route("/admin/{session_id}/policy", roles.policy, methods=["GET"]),
        Route("/admin/{session_id}/providers", providers.providers, methods=["GET"]),
        Route("/admin/{session_id}/provider", providers.provider, methods=["GET"]),
        Route("/admin/{session_id}/explain", explain.show, methods=["GET"]),
        Route("/admin/{session_id}/sessions", sessions.show, methods=["GET"]),
        Route("/admin/{session_id}/audit", audit.show, methods=["GET"]),
        Route("/admin/{session_id}/event", audit.event, methods=["GET"]),
        Route("/admin/{session_id}/call", call.show, methods=["GET"]),
        Route("/admin/{session_id}/call", call.press, methods=["POST"]),
    ]


def _tables(tools: PageTools) -> Mapping[str, Mapping[str, Operation]]:
    parts = tools.parts
    return {
        "iam": build_iam_operations(
            storage=parts.storage,
            ring=parts.ring,
            hasher=parts.hasher,
            randomness=parts.randomness,
            saml=parts.saml,
            judge=parts.judge,
        ),
        "signin": build_signin_operations(storage=parts.storage, ring=parts.ring),
    }
