"""The outermost app: request id, caller, access line, and bugs that tell the peer nothing."""

import json
import logging
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from daypass.server.domain.audit import CALLER_KEY
from daypass.server.web.caller import CallerReader
from daypass.server.web.failures import page_failure, query_failure, s3_failure, token_failure
from daypass.server.web.front import Front
from daypass.server.web.routing import Route, exact_routes


class _Metrics:
    def __init__(self) -> None:
        self.counted: list[tuple[str, str]] = []

    def count(self, event: str, outcome: str) -> None:
        self.counted.append((event, outcome))

    def observe(self, operation: str, seconds: float) -> None:
        assert seconds >= 0


async def _call(
    route: Route, *, path: str = "/v1/authorize", query: bytes = b"secret=1"
) -> tuple[list[Any], list[Any], _Metrics]:
    sent: list[Any] = []
    lines: list[Any] = []
    metrics = _Metrics()

    async def send(message: Any) -> None:
        sent.append(message)

    front = Front(
        exact_routes({("GET", "/never"): route}, lambda _scope: route),
        callers=CallerReader(()),
        metrics=metrics,
        log=logging.getLogger("test"),
        request_id_header=b"x-amzn-RequestId",
        write_access_line=lines.append,
    )
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query,
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "headers": [(b"authorization", b"secret")],
    }
    await front(scope, None, send)
    return sent, lines, metrics


async def _ok(scope: Any, _receive: Any, send: Any) -> None:
    assert scope[CALLER_KEY].source_ip == "127.0.0.1"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Amzn-RequestId", b"mine")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def _bug(_scope: Any, _receive: Any, _send: Any) -> None:
    raise RuntimeError("the secret detail")


async def test_every_answer_carries_exactly_one_request_id_which_is_the_callers() -> None:
    sent, lines, metrics = await _call(Route(_ok, "pages", page_failure))
    ids = [value.decode() for name, value in sent[0]["headers"] if name.lower() == b"x-amzn-requestid"]
    assert ids == [lines[0]["request_id"]]
    assert metrics.counted == [("http.pages", "2xx")]


async def test_the_access_line_has_no_query_string_header_or_body() -> None:
    _, lines, _ = await _call(Route(_ok, "pages", page_failure))
    assert "secret" not in json.dumps(lines)
    assert set(lines[0]) == {
        "request_id",
        "operation",
        "method",
        "path",
        "status",
        "milliseconds",
        "source_ip",
    }


@pytest.mark.parametrize("form", [token_failure, query_failure, s3_failure, page_failure])
async def test_a_bug_is_a_500_with_the_request_id_and_no_detail(
    form: Any, caplog: pytest.LogCaptureFixture
) -> None:
    sent, lines, metrics = await _call(Route(_bug, "token", form))
    body = sent[1]["body"].decode()
    assert sent[0]["status"] == 500
    assert lines[0]["request_id"] in body
    assert "the secret detail" not in body
    assert "RuntimeError: the secret detail" in caplog.text
    assert metrics.counted == [("http.token", "5xx")]


async def test_each_wires_failure_has_the_wires_form() -> None:
    assert json.loads(token_failure("id").body)["error"] == "server_error"
    assert (b"x-amzn-errortype", b"InternalServerException") in token_failure("id").headers
    query = ET.fromstring(query_failure("id").body)
    assert (query.tag, query.findtext("Error/Code"), query.findtext("RequestId")) == (
        "ErrorResponse",
        "InternalFailure",
        "id",
    )
    s3 = ET.fromstring(s3_failure("id").body)
    assert (s3.tag, s3.findtext("Code")) == ("Error", "InternalError")


async def test_a_failure_after_the_answer_began_breaks_the_connection() -> None:
    async def half(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("too late")

    with pytest.raises(ConnectionAbortedError):
        await _call(Route(half, "s3", s3_failure))
