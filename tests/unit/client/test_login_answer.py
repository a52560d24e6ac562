"""The one answer: who may give it, what the waiter gets, and who comes too late."""

import threading

import pytest

from daypass.client.login_answer import LoginAnswer
from daypass.client.loopback import LoopbackListener, Outcome
from daypass.errors import ConfigError, LoginFailed

STATE = "3f0d6d1e-8c39-4a86-9c35-0b2a7b1f7a10"
GENUINE = f"code=x&state={STATE}"


@pytest.mark.parametrize(
    "raw_query",
    [
        "",
        "code=x",
        f"state={STATE}",
        "code=x&state=other",
        "error=access_denied&state=other",
        f"code=x&state={STATE}&state={STATE}",
        "&".join(f"a{n}=1" for n in range(50)) + "&" + GENUINE,
        f"code=x&state={STATE[:-1]}",
        "code=x&state=\udcff",
    ],
)
def test_what_does_not_answer_our_question_is_no_answer(raw_query: str) -> None:
    """State is compared before anything else, also before `error`."""
    answer = LoginAnswer(STATE)
    assert not answer.accept(raw_query)
    assert answer.wait(0) is None


def test_the_first_genuine_answer_is_kept() -> None:
    answer = LoginAnswer(STATE)
    assert answer.accept(GENUINE)
    assert not answer.accept(f"code=second&state={STATE}")
    answer.fail(LoginFailed("too late"))
    assert answer.wait(0) == GENUINE


def test_a_source_that_ends_ends_the_wait() -> None:
    answer = LoginAnswer(STATE)
    threading.Timer(0.05, answer.fail, [LoginFailed("no code was given")]).start()
    with pytest.raises(LoginFailed, match="no code was given"):
        answer.wait(20)
    assert not answer.accept(GENUINE)


def test_the_seconds_left_are_told_while_nothing_comes() -> None:
    told: list[float] = []
    assert LoginAnswer(STATE).wait(1.2, each_slice=told.append) is None
    assert len(told) == 2
    assert 0 < told[1] < told[0] < 1.2


def test_an_answer_from_elsewhere_leaves_no_browser_waiting(unused_tcp_port: int) -> None:
    """`close` waits for the genuine browser's page only when a browser brought the answer."""
    listener = LoopbackListener(STATE, port=unused_tcp_port)
    assert listener.redirect_uri == f"http://127.0.0.1:{unused_tcp_port}/oauth/callback"
    with pytest.raises(ConfigError, match=f"port {unused_tcp_port} of this machine cannot be used"):
        LoopbackListener(STATE, port=unused_tcp_port)
    assert not listener.offer("code=x&state=other")
    assert listener.offer(GENUINE)
    listener.finish(Outcome(True, "", ()))
    closing = threading.Thread(target=listener.close)
    closing.start()
    closing.join(5)
    assert not closing.is_alive()
