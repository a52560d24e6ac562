"""The metrics page has every event and operation that the server counts, and the alerts ask for what there is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import yaml

from daypass.server.adapters import metrics
from daypass.server.domain.federation_refusal import RefusalReason
from support.page_blocks import read_blocks

REPOSITORY = Path(__file__).parents[2]
SERVER = REPOSITORY / "src" / "daypass" / "server"
PAGE = (REPOSITORY / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
MONITOR = REPOSITORY / "docs" / "how-to" / "monitor-the-server.md"


def rows(section: str) -> dict[str, str]:
    """What a table has in its first column, one by one, and the rest of the row."""
    table = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| (`[^|]+) \| (.*) \|$", table, re.MULTILINE)
    return {name: rest for names, rest in found for name in re.findall(r"`([^`]+)`", names)}


def counted() -> Iterator[tuple[str, str]]:
    """First and second argument of each `metrics.count(…)`, a text where it is one, else empty."""
    for path in SERVER.rglob("*.py"):
        tree = ast.parse(path.read_bytes())
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "count"
                and len(node.args) == 2
            ):
                yield text_of(node.args[0], tree), text_of(node.args[1], tree)


def text_of(node: ast.expr, tree: ast.Module) -> str:
    """A constant, the constant beginning of an f-string, or the same behind a name or attribute of the module."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        first = node.values[0]
        return str(first.value) if isinstance(first, ast.Constant) else ""
    return ""


def test_every_event_that_is_counted_is_on_the_page() -> None:
    events, outcomes = rows("Events"), " ".join(rows("Events").values())
    pairs = list(counted())
    assert len(pairs) >= 20, "the search works"
    known = {name.partition("OPERATION")[0] for name in events}
    assert {event for event, _ in pairs if event} <= known
    missing = {outcome for _, outcome in pairs if outcome and f"`{outcome}" not in outcomes}
    assert missing == set()
    named = re.findall(
        r'^    name = "(\w+)"$', read("web/revoke.py") + read("web/scoped_session.py"), re.MULTILINE
    )
    assert set(named) <= set(events)


def test_every_reason_of_a_refused_sign_in_is_on_the_page() -> None:
    events = rows("Events")
    assert [
        reason for reason in get_args(RefusalReason) if f"`{reason}`" not in events["federated_sign_in"]
    ] == []
    refusals = read("web/sign_in.py").partition("_REFUSALS = {")[2].partition("\n}")[0]
    reasons = re.findall(r'^    "(\w+)":', refusals, re.MULTILINE)
    assert len(reasons) >= 3
    assert [reason for reason in reasons if f"`{reason}`" not in events["sign_in"]] == []


def read(name: str) -> str:
    return (SERVER / name).read_text(encoding="utf-8")


def test_every_operation_that_is_measured_is_on_the_page() -> None:
    measured = set(re.findall(r'Route\([^"]*"(\w+)"', read("app.py"))) - {""}
    assert {"token", "query", "pages", "s3"} <= measured
    assert measured <= set(rows("Operations"))


def test_the_durations_of_the_page_are_those_of_the_server() -> None:
    written = re.search(r"upper ends ([\d., ]+) seconds", PAGE)
    assert written is not None
    buckets = metrics._BUCKETS  # pyright: ignore[reportPrivateUsage] # the numbers of the page
    assert tuple(float(each) for each in written[1].split(", ")) == buckets


def test_the_alerts_ask_for_metrics_events_and_outcomes_of_the_page() -> None:
    scrape, rules = (yaml.safe_load(block.text) for block in read_blocks(MONITOR) if block.language == "yaml")
    assert scrape["scrape_configs"][0]["job_name"] == "daypass"
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len(alerts) >= 6
    shown = MONITOR.read_text(encoding="utf-8")
    for alert in alerts:
        assert shown.count(alert["alert"]) >= 2, "the table says where to look"
        expression = alert["expr"]
        for metric in re.findall(r"\bdaypass_\w+", expression):
            assert f"`{metric.removesuffix('_bucket')}`" in PAGE
        for label, values in re.findall(r'(event|outcome|operation)=~?"([^"]+)"', expression):
            for value in values.split("|"):
                word = value.replace("\\\\..*", ".OPERATION")
                assert f"`{word}`" in PAGE or value == "ServiceUnavailable", (label, value)
    assert "ServiceUnavailable" in (REPOSITORY / "docs" / "reference" / "errors.md").read_text(
        encoding="utf-8"
    )


def test_the_metrics_of_a_process_are_those_of_the_page() -> None:
    exposed = metrics.PrometheusMetrics()
    exposed.count("token", "ok")
    exposed.observe("token", 0.1)
    names = set(re.findall(r"^# TYPE (\S+) ", exposed.expose().decode(), re.MULTILINE))
    assert {name for name in names if f"`{name}`" not in PAGE} == set()
