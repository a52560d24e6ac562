"""Names of browser profiles: by the browser's own list, on each system's own place."""

import json
from pathlib import Path

import pytest

from daypass.client.browser_profiles import with_profile_folder
from daypass.errors import UsageError

STATE = json.dumps(
    {"profile": {"info_cache": {"Default": {"name": "Person 1"}, "Profile 2": {"name": "Work"}}}}
)


def put(place: Path, text: str = STATE) -> None:
    place.mkdir(parents=True)
    (place / "Local State").write_text(text)


@pytest.mark.parametrize(
    ("place", "browser"),
    [
        (".config/google-chrome", "chrome"),
        (".config/microsoft-edge", "edge"),
        ("Library/Application Support/Google/Chrome", "chrome"),
        ("Library/Application Support/Microsoft Edge", "edge"),
        ("AppData/Local/Google/Chrome/User Data", "chrome"),
        ("AppData/Local/Microsoft/Edge/User Data", "edge"),
        (".config/BraveSoftware/Brave-Browser", "brave"),
    ],
)
def test_a_name_becomes_its_folder_and_a_folder_stays(tmp_path: Path, place: str, browser: str) -> None:
    environ = {"HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path / "AppData" / "Local")}
    put(tmp_path / place)
    assert with_profile_folder(f"{browser}:Work", environ) == f"{browser}:Profile 2"
    assert with_profile_folder(f"{browser}:Profile 2", environ) == f"{browser}:Profile 2"
    with pytest.raises(UsageError, match='no profile "Wrok"; it has "Person 1", "Work"'):
        with_profile_folder(f"{browser}:Wrok", environ)


@pytest.mark.parametrize("command", ["chrome", "firefox:Work", "opener {url}", "http://x:1", "chrome:"])
def test_what_names_no_such_profile_stays(tmp_path: Path, command: str) -> None:
    put(tmp_path / ".config" / "google-chrome")
    assert with_profile_folder(command, {"HOME": str(tmp_path)}) == command


@pytest.mark.parametrize("text", ["", "[]", '{"profile": 1}', '{"profile": {"info_cache": []}}', "\x00"])
def test_a_list_that_cannot_be_read_refuses_nothing(tmp_path: Path, text: str) -> None:
    put(tmp_path / ".config" / "google-chrome", text)
    assert with_profile_folder("chrome:Work", {"HOME": str(tmp_path)}) == "chrome:Work"
    assert with_profile_folder("chromium:Work", {"HOME": str(tmp_path)}) == "chromium:Work"
