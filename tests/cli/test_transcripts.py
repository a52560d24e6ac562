"""Every command's words, both streams and the exit code, as `tests/cli/transcripts/*.txt` says them."""

from pathlib import Path

import pytest

from support.transcript import Transcript

FILES = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_transcript_is_what_happens(path: Path, tmp_path: Path, unused_tcp_port: int) -> None:
    """Nothing more on either stream, nothing less."""
    assert Transcript(path, tmp_path, unused_tcp_port).run() > 0


def test_a_difference_is_seen(tmp_path: Path, unused_tcp_port: int) -> None:
    """The runner itself: a line too few, another code, another text."""
    for wrong in ("? 4\n", "? 0\n! daypass: no profile is signed in", "? 4\n! daypass: no session"):
        script = tmp_path / "wrong.txt"
        script.write_text(f"$ daypass status\n{wrong}\n")
        with pytest.raises(AssertionError, match="line 1"):
            Transcript(script, tmp_path / "home", unused_tcp_port).run()
