"""Where a browser can be seen: the facts of each place, and the words for it."""

import pytest

from daypass.client.environment_hints import (
    Surroundings,
    forbids_input,
    forwarded_address,
    is_ci,
    is_wsl,
    why_no_browser,
)

WSL_KERNEL = "5.15.167.4-microsoft-standard-WSL2"


@pytest.mark.parametrize(
    ("here", "words"),
    [
        (Surroundings({"CODESPACES": "true", "DISPLAY": ":0"}, "linux"), "a Codespace"),
        (Surroundings({"SSH_CONNECTION": "a b", "DISPLAY": ":10"}, "linux"), "an SSH session"),
        (Surroundings({"SSH_CLIENT": "a b"}, "darwin"), "an SSH session"),
        (Surroundings({"SSH_TTY": "/dev/pts/0", "WSL_DISTRO_NAME": "Ubuntu"}, "linux"), "an SSH session"),
        (Surroundings({"CI": "true", "DISPLAY": ":0"}, "linux"), "a CI job"),
        (Surroundings({"CI": "false", "DISPLAY": ":0"}, "linux"), ""),
        (Surroundings({}, "linux"), "a terminal without a display"),
        (Surroundings({}, "linux", has_container_mark=True), "a container"),
        (Surroundings({"container": "podman"}, "linux"), "a container"),
        (Surroundings({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "linux"), "a container"),
        (Surroundings({"REMOTE_CONTAINERS": "true"}, "linux", has_container_mark=True), "a dev container"),
        (Surroundings({"DISPLAY": ":0"}, "linux", has_container_mark=True), ""),
        (Surroundings({"WAYLAND_DISPLAY": "w"}, "linux"), ""),
        (Surroundings({"WSL_DISTRO_NAME": "Ubuntu"}, "linux"), ""),
        (Surroundings({}, "linux", WSL_KERNEL), ""),
        (Surroundings({}, "linux", WSL_KERNEL, has_container_mark=True), "a container"),
        (Surroundings({}, "darwin"), ""),
        (Surroundings({}, "win32"), ""),
    ],
)
def test_each_place_has_its_word(here: Surroundings, words: str) -> None:
    assert why_no_browser(here) == words


@pytest.mark.parametrize("value", ["1", "true", "yes", "github"])
@pytest.mark.parametrize("no", ["", "0", "false", "no"])
def test_a_variable_says_that_nobody_is_there(value: str, no: str) -> None:
    assert is_ci({"CI": value})
    assert not is_ci({"CI": no, "DAYPASS_NO_INPUT": "1"})
    assert forbids_input({"DAYPASS_NO_INPUT": value})
    assert not forbids_input({"DAYPASS_NO_INPUT": no, "CI": "1"})


def test_a_container_in_wsl_is_a_container() -> None:
    """It shares the kernel, and has no Windows launcher."""
    assert is_wsl(Surroundings({}, "linux", WSL_KERNEL))
    assert not is_wsl(Surroundings({}, "linux", WSL_KERNEL, has_container_mark=True))
    assert not is_wsl(Surroundings({"WSL_DISTRO_NAME": "x"}, "darwin"))


CODESPACE = {"CODESPACES": "true", "CODESPACE_NAME": "shiny-space-x7"}


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, ""),
        (CODESPACE, "https://shiny-space-x7-8401.app.github.dev"),
        (
            {**CODESPACE, "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN": "preview.example.dev"},
            "https://shiny-space-x7-8401.preview.example.dev",
        ),
        ({"CODESPACE_NAME": "left-over"}, ""),
        ({**CODESPACE, "CODESPACE_NAME": "x.evil.example/"}, ""),
        ({**CODESPACE, "CODESPACE_NAME": "a b"}, ""),
        (
            {"VSCODE_PROXY_URI": "https://code.example.com/proxy/{{port}}/"},
            "https://code.example.com/proxy/8401",
        ),
        ({"VSCODE_PROXY_URI": "https://{{port}}.code.example.com"}, "https://8401.code.example.com"),
        ({"VSCODE_PROXY_URI": "http://code.example.com/{{port}}"}, ""),
        ({"VSCODE_PROXY_URI": "https://code.example.com/"}, ""),
        ({"VSCODE_PROXY_URI": "https://x\x1b]0;{{port}}"}, ""),
    ],
)
def test_a_place_that_forwards_ports_says_under_which_address(environ: dict[str, str], address: str) -> None:
    assert forwarded_address(environ, 8401) == address
