"""The page of audit events names every event the code can write."""

import ast
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from daypass.protocol.aws import cloudtrail_errors
from daypass.server.domain import operator_events
from daypass.server.flows.lookup_events import LOOKUP_ATTRIBUTES
from daypass.server.web.cloudtrail import TARGET
from support.query_world import QueryWorld, open_query_world

REPOSITORY = Path(__file__).parents[2]
SERVER = REPOSITORY / "src" / "daypass" / "server"
PAGE = (REPOSITORY / "docs" / "reference" / "audit-events.md").read_text(encoding="utf-8")
_WRITERS = frozenset({"sign_in_event", "operator_event", "_record", "_store"})


def _named(text: str) -> bool:
    return f"`{text}`" in PAGE


def _written_names() -> Iterator[str]:
    """Constants that are handed to whatever makes an event, as the name of it."""
    for path in SERVER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            function = (
                node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            )
            values = [word.value for word in node.keywords if word.arg == "event_name"]
            if function in _WRITERS:
                values += node.args
            for value in values:
                yield from _names_in(value)


def _names_in(value: ast.expr) -> Iterator[str]:
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if text[:1].isupper() and text.isalnum() and any(letter.islower() for letter in text):
                yield text


@pytest.fixture
async def world() -> AsyncIterator[QueryWorld]:
    world = await open_query_world()
    yield world
    await world.storage.close()


def test_every_event_of_the_sign_in_service_and_the_operator_is_on_the_page() -> None:
    names = {*_written_names(), "CreateOAuth2Token", *operator_events._SOURCES}
    assert {"ConsoleLogin", "SwitchRole", "EnableMFADevice", "LookupEvents", "RotateKeyRing"} <= names
    assert {name for name in names if not _named(name)} == set()


async def test_every_audited_operation_of_iam_and_sts_is_on_the_page_and_no_other(world: QueryWorld) -> None:
    services = world.app._services  # type: ignore[attr-defined]  # the tables behind the application
    audited = {
        name for service in services.values() for name, row in service.operations.items() if row.is_audited
    }
    assert {name for name in audited if not _named(name)} == set()
    section = PAGE.partition("## IAM: ")[2].partition("\n## ")[0]
    listed = {word for word in section.split("`") if word[:1].isupper() and word.isalnum()}
    assert listed <= {name for name, row in services["iam"].operations.items() if row.is_audited}


def test_every_attribute_and_refusal_of_lookup_events_is_on_the_page() -> None:
    codes = {getattr(cloudtrail_errors, name).code for name in cloudtrail_errors.__all__}
    assert {word for word in (*LOOKUP_ATTRIBUTES, *codes) if not _named(word)} == set()
    assert TARGET in PAGE
