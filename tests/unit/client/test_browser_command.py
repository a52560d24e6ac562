"""The words of a browser command: presets, templates, private windows, and that no address becomes a command."""

import shlex
from pathlib import Path
from urllib.parse import parse_qs, quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.client.browser_command import browser_argv, check_url, is_text_browser, wsl_argv
from daypass.errors import UsageError

URL = "https://signin.example.com/v1/authorize?a=1&b=%2Fx"


def here(*programs: str):  # type: ignore[no-untyped-def]  # a stand-in for shutil.which
    return lambda name: name if name in programs else None


@pytest.mark.parametrize(
    ("command", "is_private", "argv"),
    [
        ("chrome", False, ["google-chrome", URL]),
        ("chrome:Profile 1", False, ["google-chrome", "--profile-directory=Profile 1", URL]),
        ("chrome:Work", True, ["google-chrome", "--profile-directory=Work", "--incognito", URL]),
        ("chromium", True, ["chromium-browser", "--incognito", URL]),
        ("edge:Work", False, ["microsoft-edge", "--profile-directory=Work", URL]),
        ("edge", True, ["microsoft-edge", "--inprivate", URL]),
        ("firefox", True, ["firefox", "--private-window", URL]),
        ("firefox", False, ["firefox", URL]),
        ("opener", False, ["opener", URL]),
        ("opener --flag 'two words'", False, ["opener", "--flag", "two words", URL]),
        ("opener --url={url} --done", False, ["opener", f"--url={URL}", "--done"]),
        ("opener %s", False, ["opener", URL]),
        ("firefox -P work {url} ", True, ["firefox", "-P", "work", "--private-window", URL]),
        (
            "/usr/bin/google-chrome --new-window",
            True,
            ["/usr/bin/google-chrome", "--new-window", "--incognito", URL],
        ),
        ("opener $(touch x) `id`;&|", False, ["opener", "$(touch", "x)", "`id`;&|", URL]),
    ],
)
def test_a_command_becomes_these_words(command: str, is_private: bool, argv: list[str]) -> None:
    find = here(
        "google-chrome", "chromium-browser", "microsoft-edge", "firefox", "opener", "/usr/bin/google-chrome"
    )
    assert browser_argv(command, URL, is_private=is_private, find=find) == argv


def test_a_firefox_container_gets_the_address_as_one_value() -> None:
    program, address = browser_argv("firefox:My & co", URL, is_private=False, find=here("firefox"))
    assert program == "firefox"
    assert address.startswith("ext+container:")
    assert parse_qs(address.removeprefix("ext+container:")) == {"name": ["My & co"], "url": [URL]}


@pytest.mark.parametrize(
    ("system", "program"),
    [
        ("mac", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
        ("windows", "C:/Program Files/Google/Chrome/Application/chrome.exe"),
        ("wsl", "/mnt/c/Program Files (x86)/Google/Chrome/Application/chrome.exe"),
    ],
)
def test_a_preset_is_found_where_each_system_keeps_it(system: str, program: str) -> None:
    assert system
    assert browser_argv("chrome:Work", URL, is_private=False, find=here(program)) == [
        program,
        "--profile-directory=Work",
        URL,
    ]


@pytest.mark.parametrize(
    ("command", "is_private", "words"),
    [
        ("chrome", False, "chrome was not found"),
        ("nobody --x", False, "there is no program nobody here"),
        ("'", False, "open quote"),
        ("  ", False, "needs a program"),
        ("w3m", False, "w3m is a text browser"),
        ("/usr/bin/lynx -x {url}", False, "lynx is a text browser"),
        ("opener", True, "--private works with"),
        ("firefox:Work", True, "a private window has no containers"),
        ("firefox:a\x1bb", False, "no control characters"),
    ],
)
def test_what_cannot_work_is_refused_in_words(command: str, is_private: bool, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        browser_argv(
            command, URL, is_private=is_private, find=here("opener", "firefox", "w3m", "/usr/bin/lynx")
        )


@pytest.mark.parametrize("name", ["w3m", "lynx", "links", "elinks", "/usr/bin/w3m -o x", "LYNX.EXE"])
def test_text_browsers_are_known(name: str) -> None:
    assert is_text_browser(name)
    assert not is_text_browser("firefox")
    assert not is_text_browser("")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://a.example/ --flag",
        "https://a.example/'; calc; '",
        'https://a.example/"',
        "https://a.example/`id`",
        "https://a.example/\n",
        "https://a.example\\@b",
        "--version",
        "https://a.example/<x>|y^z",
        "",
    ],
)
def test_only_a_plain_address_is_opened(url: str) -> None:
    with pytest.raises(UsageError):
        check_url(url)
    with pytest.raises(UsageError):
        wsl_argv(url, here("wslview"))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_text_of_a_stranger_adds_a_word(text: str) -> None:
    """Percent-encoded as every parameter is, it stays inside the one word of the address."""
    url = f"https://signin.example.com/v1/authorize?x={quote(text, safe='')}"
    assert browser_argv("opener -a {url} -b", url, is_private=False, find=here("opener")) == [
        "opener",
        "-a",
        url,
        "-b",
    ]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_command_makes_it_raise_anything_but_our_error(command: str) -> None:
    try:
        argv = browser_argv(command, URL, is_private=False, find=lambda name: name)
    except UsageError:
        return
    assert any(URL in word or quote(URL, safe="") in word for word in argv)


def test_windows_launchers_are_taken_in_order() -> None:
    assert wsl_argv(URL, here("wslview", "powershell.exe", "cmd.exe")) == ["wslview", URL]
    shell = wsl_argv(URL, here("powershell.exe", "cmd.exe"))
    assert shell is not None
    assert shell[-1] == f"Start-Process '{URL}'"
    assert wsl_argv(URL, here("cmd.exe")) == ["cmd.exe", "/c", "start", "", URL.replace("&", "^&")]
    assert wsl_argv(URL, here()) is None


def test_a_quoted_path_is_one_word(tmp_path: Path) -> None:
    program = str(tmp_path / "my browser")
    assert browser_argv(f"{shlex.quote(program)} {{url}}", URL, is_private=False, find=lambda name: name) == [
        program,
        URL,
    ]
