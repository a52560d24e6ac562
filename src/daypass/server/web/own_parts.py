"""A person's own pages, put together: routes and wiring only."""

from starlette.routing import Route

from daypass.server.flows.own_devices import OwnDevices
from daypass.server.flows.own_password import OwnPassword
from daypass.server.flows.own_sessions import OwnSessions
from daypass.server.flows.password_rules import AccountPasswordRules
from daypass.server.ports.session_beginning import SessionBeginning
from daypass.server.web.own_page import OwnPages
from daypass.server.web.page_tools import PageTools

__all__ = ["build_own_routes"]


def build_own_routes(tools: PageTools, beginning: SessionBeginning) -> list[Route]:
    """Everything under `/account/{session_id}`."""
    parts = tools.parts
    storage = parts.storage
    pages = OwnPages(
        tools,
        OwnDevices(storage, parts.ring, parts.randomness, parts.passkeys),
        OwnSessions(storage, parts.randomness),
        OwnPassword(
            storage,
            parts.directory,
            parts.hasher,
            AccountPasswordRules(storage.users, storage.account_settings, parts.hasher),
            parts.randomness,
            beginning,
            parts.region,
        ),
    )
    return [
        Route("/account/{session_id}", pages.show, methods=["GET"]),
        Route("/account/{session_id}/password", pages.change_password, methods=["POST"]),
        Route("/account/{session_id}/devices", pages.begin_device, methods=["POST"]),
        Route("/account/{session_id}/devices/finish", pages.finish_device, methods=["POST"]),
        Route("/account/{session_id}/devices/remove", pages.remove_device, methods=["POST"]),
        Route("/account/{session_id}/recovery-codes", pages.make_codes, methods=["POST"]),
        Route("/account/{session_id}/end", pages.end, methods=["POST"]),
    ]
