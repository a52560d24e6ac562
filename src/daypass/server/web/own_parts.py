"""A person's own pages, put together: routes and wiring only."""

from starlette.routing import Route

from daypass.server.domain.managed_policies import SHIPPED_POLICIES
from daypass.server.flows.assume_role import RoleAssumption
from daypass.server.flows.own_devices import OwnDevices
from daypass.server.flows.own_password import OwnPassword
from daypass.server.flows.own_sessions import OwnSessions
from daypass.server.flows.password_rules import AccountPasswordRules
from daypass.server.flows.second_factor import OneTimeCodes
from daypass.server.flows.session_policy_check import StoredPolicies
from daypass.server.flows.switch_role import SwitchRoleFlow
from daypass.server.ports.session_beginning import SessionBeginning
from daypass.server.web.own_device_pages import OwnDevicePages
from daypass.server.web.own_frame import OwnFrame
from daypass.server.web.own_page import OwnPages
from daypass.server.web.page_tools import PageTools
from daypass.server.web.sessions import SessionPages
from daypass.server.web.switch_role import SwitchRolePages

__all__ = ["build_own_routes", "build_switch_role_routes"]


def build_own_routes(tools: PageTools, beginning: SessionBeginning) -> list[Route]:
    """Everything under `/account/{session_id}`."""
    parts = tools.parts
    storage = parts.storage
    frame = OwnFrame(
        tools,
        OwnDevices(storage, parts.ring, parts.randomness, parts.passkeys),
        OwnSessions(storage, parts.randomness),
    )
    devices = OwnDevicePages(frame)
    pages = OwnPages(
        frame,
        OwnPassword(
            storage,
            parts.directory,
            parts.hasher,
            parts.judge,
            AccountPasswordRules(storage.users, storage.account_settings, parts.hasher, parts.judge),
            parts.randomness,
            beginning,
            parts.region,
        ),
    )
    return [
        Route("/account/{session_id}", pages.show, methods=["GET"]),
        Route("/account/{session_id}/password", pages.change_password, methods=["POST"]),
        Route("/account/{session_id}/devices", devices.begin, methods=["POST"]),
        Route("/account/{session_id}/devices/finish", devices.finish, methods=["POST"]),
        Route("/account/{session_id}/devices/remove", devices.remove, methods=["POST"]),
        Route("/account/{session_id}/recovery-codes", devices.make_codes, methods=["POST"]),
        Route("/account/{session_id}/end", pages.end, methods=["POST"]),
    ]


def build_switch_role_routes(tools: PageTools, sessions: SessionPages) -> list[Route]:
    """`/switchrole` and its form."""
    parts = tools.parts
    storage = parts.storage
    assumption = RoleAssumption(
        storage,
        parts.ring,
        parts.randomness,
        OneTimeCodes(storage.mfa_devices, storage.attempts, parts.ring),
        StoredPolicies(storage.policies, SHIPPED_POLICIES),
    )
    pages = SwitchRolePages(tools, sessions, assumption, SwitchRoleFlow(storage, parts.randomness))
    return [
        Route("/switchrole", pages.show, methods=["GET"]),
        Route("/signin/switch-role", pages.submit, methods=["POST"]),
    ]
