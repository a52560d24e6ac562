"""The workflow files: readable, three systems, read-only, no secret, and every action pinned to one commit."""

import re
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_workflow_may_read_only_holds_no_secret_and_runs_what_is_pinned(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    assert "secrets." not in text
    assert "pull_request_target" not in text
    used = re.findall(r"uses: *(\S+)", text)
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", each) for each in used), used
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60


def test_three_systems_and_the_oldest_and_newest_python_are_asked() -> None:
    jobs = yaml.safe_load((FOLDER / "ci.yml").read_text(encoding="utf-8"))["jobs"]
    posix = jobs["posix"]["strategy"]["matrix"]["include"]
    systems = {row["os"].partition("-")[0] for row in posix} | {jobs["windows"]["runs-on"].partition("-")[0]}
    assert systems == {"ubuntu", "macos", "windows"}
    assert set(jobs["windows"]["strategy"]["matrix"]["python"]) == {"3.11", "3.13"}


def test_every_path_and_target_that_a_workflow_names_is_there() -> None:
    targets = set(
        re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r"make ([a-z]+)", text):
            assert target in targets
        for named in re.findall(r"(?:tests|tools|requirements|\.ci)/[\w./-]+", text):
            assert (REPOSITORY / named).exists(), named
