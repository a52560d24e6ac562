"""Pasting an answer, at a real terminal and without one: what is taken, what is refused, how the terminal is left."""

import base64
import os
import signal
import subprocess
import termios
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daypass.protocol.oauth.verification_code import build_verification_code
from support.fake_sign_in import FakeSignIn, listening
from support.running_server import DAYPASS, Terminal
from support.typed_terminal import TypedTerminal, on_terminal

pytestmark = pytest.mark.processes


@pytest.fixture
def fake() -> Iterator[FakeSignIn]:
    with listening(FakeSignIn()) as made:
        yield made


@contextmanager
def login_on_terminal(home: Path, fake: FakeSignIn, *words: str, **settings: str) -> Iterator[TypedTerminal]:
    """`daypass login` at a terminal; nothing opens a browser."""
    environment = {**Terminal(home).environment, "TERM": "xterm", **settings}
    with on_terminal([*DAYPASS, "login", "--endpoint-url", fake.base_url, *words], environment) as terminal:
        yield terminal


def broken_over_lines(text: str, width: int = 60) -> str:
    """As mail programs and narrow windows break it."""
    return "\n".join(text[start : start + width] for start in range(0, len(text), width))


def signed_in(home: Path, fake: FakeSignIn) -> bool:
    config = home / ".aws" / "config"
    return config.exists() and f"login_session = {fake.arn}\n" in config.read_text()


def test_the_address_from_another_machine_is_taken_while_the_callback_waits(
    tmp_path: Path, fake: FakeSignIn
) -> None:
    """The browser elsewhere ends on a page that fails to load; its address holds code and state for our listener."""
    with login_on_terminal(tmp_path, fake, "--no-browser") as terminal:
        link = terminal.wait_for_link()
        terminal.wait_for("paste the address its browser ends on")
        terminal.type(fake.approve(link) + "\n")
        assert terminal.end_of_command() == 0, terminal.shown
        assert terminal.is_canonical_with_echo
    assert signed_in(tmp_path, fake)


def test_the_browsers_own_answer_needs_no_paste_and_the_waiting_line_goes(
    tmp_path: Path, fake: FakeSignIn
) -> None:
    with login_on_terminal(tmp_path, fake, "--no-browser") as terminal:
        link = terminal.wait_for_link()
        terminal.wait_for("waiting, 10 min left")
        with urllib.request.urlopen(fake.approve(link), timeout=30) as page:
            assert "Signed in" in page.read().decode()
        assert terminal.end_of_command() == 0, terminal.shown
        assert terminal.is_canonical_with_echo
        assert "\r\x1b[K" in terminal.shown, "the waiting line stays on the screen"
    assert signed_in(tmp_path, fake)


@pytest.mark.parametrize("shape", ["whole", "broken", "url-safe", "bracketed"])
def test_the_code_of_the_page_in_every_shape_it_is_pasted_in(
    tmp_path: Path, fake: FakeSignIn, shape: str
) -> None:
    with login_on_terminal(tmp_path, fake, "--remote") as terminal:
        code = fake.code_to_paste(terminal.wait_for_link())
        terminal.wait_for("paste the code")
        text = {
            "whole": code,
            "broken": broken_over_lines(code, 20),
            "url-safe": code.rstrip("=").replace("+", "-").replace("/", "_"),
            "bracketed": f"\x1b[200~{code}\x1b[201~",
        }[shape]
        terminal.type(text + "\n")
        assert terminal.end_of_command() == 0, terminal.shown
    assert signed_in(tmp_path, fake)


def test_an_address_broken_over_lines_is_one_address(tmp_path: Path, fake: FakeSignIn) -> None:
    with login_on_terminal(tmp_path, fake, "--no-browser") as terminal:
        link = terminal.wait_for_link()
        terminal.wait_for("paste the address")
        terminal.type(broken_over_lines(fake.approve(link), 40) + "\n")
        assert terminal.end_of_command() == 0, terminal.shown


def test_a_paste_longer_than_a_terminal_line_arrives_whole(tmp_path: Path, fake: FakeSignIn) -> None:
    """Linux cuts canonical lines at 4,096 bytes, macOS at 1,024."""
    with login_on_terminal(tmp_path, fake, "--no-browser") as terminal:
        link = terminal.wait_for_link()
        terminal.wait_for("waiting, ")
        terminal.type(fake.approve(link) + "&trailing=" + "x" * 9_000 + "\n")
        assert terminal.end_of_command() == 0, terminal.shown


def test_a_wrong_paste_costs_nothing_and_the_right_one_follows(tmp_path: Path, fake: FakeSignIn) -> None:
    """Garbage, another login's code, and a typing mistake that is taken back."""
    with login_on_terminal(tmp_path, fake, "--remote") as terminal:
        link = terminal.wait_for_link()
        terminal.wait_for("paste the code")
        terminal.type("ls -l\n")
        terminal.wait_for("that is not the answer to this sign-in")
        terminal.shown = ""
        terminal.type(build_verification_code(state="another", code="c") + "\n")
        terminal.wait_for("that is not the answer to this sign-in")
        assert fake.token_calls == 0
        terminal.type("x\x7f" + fake.code_to_paste(link) + "\n")
        assert terminal.end_of_command() == 0, terminal.shown


def test_the_end_of_input_ends_a_remote_login_and_not_one_that_can_still_be_answered(
    tmp_path: Path, fake: FakeSignIn
) -> None:
    with login_on_terminal(tmp_path, fake, "--remote") as terminal:
        terminal.wait_for("paste the code")
        terminal.wait_for("waiting, ")
        terminal.type("\x04")
        assert terminal.end_of_command() == 5
        assert "no code was given [login_failed]" in terminal.shown
    with login_on_terminal(tmp_path, fake, "--no-browser") as terminal:
        link = terminal.wait_for_link()
        terminal.wait_for("waiting, ")
        terminal.type("\x04")
        with urllib.request.urlopen(fake.approve(link), timeout=30):
            pass
        assert terminal.end_of_command() == 0, terminal.shown


@pytest.mark.parametrize(
    ("ending", "code"),
    [("\x03", 130), (signal.SIGTERM, -15), (signal.SIGHUP, -1)],
    ids=["ctrl-c", "term", "hup"],
)
def test_the_terminal_is_put_back_on_every_way_out(
    tmp_path: Path, fake: FakeSignIn, ending: str | signal.Signals, code: int
) -> None:
    with login_on_terminal(tmp_path, fake, "--no-browser") as terminal:
        terminal.wait_for("waiting, ")
        assert not terminal.is_canonical_with_echo
        if isinstance(ending, str):
            terminal.type(ending)
        else:
            os.kill(terminal.process.pid, ending)
        assert terminal.end_of_command() == code, terminal.shown
        assert terminal.is_canonical_with_echo
        assert "Traceback" not in terminal.shown
    assert not signed_in(tmp_path, fake)


def test_after_ctrl_z_and_fg_a_paste_is_taken_again(tmp_path: Path, fake: FakeSignIn) -> None:
    """The shell set the terminal as it likes it while the login slept."""
    with login_on_terminal(tmp_path, fake, "--no-browser") as terminal:
        link = terminal.wait_for_link()
        terminal.wait_for("waiting, ")
        os.kill(terminal.process.pid, signal.SIGSTOP)
        flags = termios.tcgetattr(terminal.end)
        flags[3] |= termios.ICANON
        termios.tcsetattr(terminal.end, termios.TCSANOW, flags)
        os.kill(terminal.process.pid, signal.SIGCONT)
        deadline = time.monotonic() + 20
        while terminal.is_canonical_with_echo:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        terminal.type(fake.approve(link) + "&trailing=" + "x" * 9_000 + "\n")
        assert terminal.end_of_command() == 0, terminal.shown
        assert terminal.is_canonical_with_echo


def test_a_login_in_the_background_neither_reads_nor_stops(tmp_path: Path, fake: FakeSignIn) -> None:
    """The kernel stops a background job that touches its terminal; the browser's answer must still reach it."""
    script = tmp_path / "script"
    command = " ".join([*DAYPASS, "login", "--no-browser", "--endpoint-url", fake.base_url])
    script.write_text(f"set -m\n{command} &\nwait $!\necho ended with $?\n")
    environment = {**Terminal(tmp_path).environment, "TERM": "xterm"}
    with on_terminal(["bash", "--norc", str(script)], environment) as terminal:
        link = terminal.wait_for_link()
        terminal.wait_for("waiting, ")
        assert terminal.is_canonical_with_echo
        with urllib.request.urlopen(fake.approve(link), timeout=30):
            pass
        terminal.wait_for("ended with 0")
        assert terminal.end_of_command() == 0


def test_the_rest_of_a_paste_never_reaches_the_shell(tmp_path: Path, fake: FakeSignIn) -> None:
    """What follows the code in the clipboard would be run as a command."""
    with login_on_terminal(tmp_path, fake, "--remote") as terminal:
        link = terminal.wait_for_link()
        terminal.wait_for("paste the code")
        terminal.type(fake.code_to_paste(link) + "\n")
        terminal.wait_for("is signed in as")
        terminal.type("")
        assert terminal.end_of_command() == 0
        assert not terminal.unread


def test_a_dumb_terminal_gets_no_waiting_line(tmp_path: Path, fake: FakeSignIn) -> None:
    with login_on_terminal(tmp_path, fake, "--no-browser", TERM="dumb") as terminal:
        link = terminal.wait_for_link()
        terminal.wait_for("paste the address")
        terminal.type(fake.approve(link) + "\n")
        assert terminal.end_of_command() == 0
        assert "waiting" not in terminal.shown
        assert "\x1b" not in terminal.shown


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"SSH_CONNECTION": "1 2 3 4"}, "in an SSH session"),
        ({"CODESPACES": "true"}, "in a Codespace"),
        ({"BROWSER": "w3m"}, "where BROWSER is a text browser"),
        ({"REMOTE_CONTAINERS": "true"}, "in a dev container"),
    ],
)
def test_where_no_browser_can_be_seen_the_code_comes_by_hand_and_one_line_says_why(
    tmp_path: Path, fake: FakeSignIn, settings: dict[str, str], place: str
) -> None:
    with login_on_terminal(tmp_path, fake, **settings) as terminal:
        link = terminal.wait_for_link()
        assert terminal.shown.startswith(
            f"daypass: no browser is opened {place}: the code comes by hand"
            " (--browser opens one, --port N waits for a forwarded one)\r\n"
        )
        terminal.wait_for("paste the code")
        terminal.type(fake.code_to_paste(link) + "\n")
        assert terminal.end_of_command() == 0, terminal.shown


def start(home: Path, fake: FakeSignIn, *words: str) -> tuple["subprocess.Popen[str]", str]:
    """A login without a terminal, and the link it prints."""
    process = subprocess.Popen(
        [*DAYPASS, "login", "--force", "--endpoint-url", fake.base_url, *words],
        env=Terminal(home).environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    return process, next(line for line in process.stderr if line.startswith("http")).strip()


def test_standard_input_is_read_to_its_end_or_to_an_empty_line(tmp_path: Path, fake: FakeSignIn) -> None:
    for ending in ("", "\n\n"):
        process, link = start(tmp_path, fake, "--no-browser", "--paste-from", "-")
        assert process.stdin is not None
        process.stdin.write(broken_over_lines(fake.approve(link)) + ending)
        if ending:  # and the pipe stays open
            process.stdin.flush()
            assert process.wait(30) == 0
        _, told = process.communicate(timeout=30)
        assert process.returncode == 0, told


@pytest.mark.parametrize(("text", "words"), [("", "no code was given"), ("nonsense", "held no answer")])
def test_standard_input_without_the_answer_ends_the_login(
    tmp_path: Path, fake: FakeSignIn, text: str, words: str
) -> None:
    process, _ = start(tmp_path, fake, "--remote", "--paste-from", "-")
    _, told = process.communicate(text, timeout=30)
    assert process.returncode == 5
    assert f"{words}" in told
    assert fake.token_calls == 0


def test_a_file_is_watched_until_it_holds_the_answer(tmp_path: Path, fake: FakeSignIn) -> None:
    """An old answer in it, half an answer, then the whole."""
    place = tmp_path / "code.txt"
    place.write_text(build_verification_code(state="old", code="c"))
    process, link = start(tmp_path, fake, "--remote", "--paste-from", str(place))
    code = fake.code_to_paste(link)
    with place.open("w") as slow:
        slow.write(code[:90])
        slow.flush()
        assert process.poll() is None
        slow.write(code[90:] + "\n")
    _, told = process.communicate(timeout=30)
    assert process.returncode == 0, told


def test_a_named_pipe_gives_the_answer_once(tmp_path: Path, fake: FakeSignIn) -> None:
    place = tmp_path / "pipe"
    os.mkfifo(place)
    process, link = start(tmp_path, fake, "--no-browser", "--paste-from", str(place))
    place.write_text(fake.approve(link) + "\n")
    _, told = process.communicate(timeout=30)
    assert process.returncode == 0, told


def test_a_pipe_without_the_flag_is_not_read_while_the_browser_is_awaited(
    tmp_path: Path, fake: FakeSignIn
) -> None:
    """A script's standard input belongs to the script."""
    process, link = start(tmp_path, fake, "--no-browser")
    assert process.stdin is not None
    process.stdin.write(build_verification_code(state="x", code="y") + "\n")
    process.stdin.close()
    with urllib.request.urlopen(fake.approve(link), timeout=30):
        pass
    assert process.wait(30) == 0
    assert process.stderr is not None
    process.stderr.close()


def test_a_fixed_port_is_the_redirects_and_can_be_used_again_at_once(
    tmp_path: Path, fake: FakeSignIn, unused_tcp_port: int
) -> None:
    for _ in range(2):
        process, link = start(tmp_path, fake, "--no-browser", "--port", str(unused_tcp_port))
        assert f"redirect_uri=http%3A%2F%2F127.0.0.1%3A{unused_tcp_port}%2Foauth%2Fcallback" in link
        with urllib.request.urlopen(fake.approve(link), timeout=30):
            pass
        assert process.stderr is not None
        told = process.stderr.read()  # what the search for the link read ahead is in its buffer
        process.communicate(timeout=30)
        assert process.returncode == 0
        assert f"ssh -L {unused_tcp_port}:127.0.0.1:{unused_tcp_port} HOST" in told


def test_a_port_that_is_taken_is_said_before_any_link(tmp_path: Path, fake: FakeSignIn) -> None:
    port = fake.base_url.rpartition(":")[2]
    ended = Terminal(tmp_path).daypass(
        "login", "--no-browser", "--endpoint-url", fake.base_url, "--port", port
    )
    assert ended.returncode == 2
    assert ended.stderr == (
        f"daypass: port {port} of this machine cannot be used: address already in use [config]\n"
        "hint: daypass login --port N, with another number here and in the forwarding\n"
    )


def test_a_codespace_says_under_which_address_the_browser_reaches_the_port(
    tmp_path: Path, fake: FakeSignIn, unused_tcp_port: int
) -> None:
    """The browser is sent to 127.0.0.1 (RFC 8252); the person puts the forwarded origin in its place."""
    space = {"CODESPACES": "true", "CODESPACE_NAME": "shiny-x7"}
    with login_on_terminal(tmp_path, fake, "--port", str(unused_tcp_port), **space) as terminal:
        back = fake.approve(terminal.wait_for_link())
        outer = f"shiny-x7-{unused_tcp_port}.app.github.dev"
        terminal.wait_for(rf"put https://{outer} in place of http://127\.0\.0\.1:{unused_tcp_port}")
        assert "ssh -L" not in terminal.shown
        forwarded = urllib.request.Request(back, headers={"Host": outer})
        with urllib.request.urlopen(forwarded, timeout=60) as page:
            assert page.status == 200
        assert terminal.end_of_command() == 0, terminal.shown
    assert signed_in(tmp_path, fake)


def test_the_link_goes_to_the_clipboard_only_when_asked_and_only_on_a_terminal(
    tmp_path: Path, fake: FakeSignIn
) -> None:
    for words, term, copied in (
        (["--copy"], "xterm", True),
        ([], "xterm", False),
        (["--copy"], "dumb", False),
    ):
        with login_on_terminal(tmp_path, fake, "--remote", *words, SSH_TTY="x", TERM=term) as terminal:
            link = terminal.wait_for_link()
            terminal.wait_for("paste the code")
            sequence = "\x1b]52;c;" + base64.b64encode(link.encode()).decode() + "\x07"
            assert (sequence in terminal.shown, "\x1b]52" in terminal.shown) == (copied, copied)
            assert ("no terminal here whose clipboard" in terminal.shown) == (term == "dumb")
            terminal.type("\x04")
            assert terminal.end_of_command() == 5
    ended = Terminal(tmp_path).daypass(
        "login", "--remote", "--copy", "--endpoint-url", fake.base_url, "--paste-from", "-", TERM="xterm"
    )
    assert "/v1/authorize?" in ended.stderr
    assert "\x1b" not in ended.stderr + ended.stdout
