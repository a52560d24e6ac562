"""What is costly to load is loaded once, and not before it is used."""

import subprocess
import sys

from daypass.server.adapters.on_first_use import OnFirstUse


class Part:
    made = 0

    def __init__(self) -> None:
        Part.made += 1

    def answer(self) -> int:
        return 42


def test_it_is_made_once_by_the_first_use() -> None:
    part = OnFirstUse(Part)
    assert (part.is_loaded, Part.made) == (False, 0)
    assert part.answer() == part.answer() == 42
    assert (part.is_loaded, Part.made) == (True, 1)


def test_a_composed_server_has_loaded_no_library_of_federation() -> None:
    code = (
        "import sys, asyncio; from daypass.server.app import compose; from daypass.server.settings import Settings;"
        "from daypass.server.domain.key_ring import KeyRing, MasterKey;"
        "app = asyncio.run(compose(Settings(database_url='sqlite://'), KeyRing([MasterKey('0a0b0c0d', 1, bytes(32))]),"
        "external_url='http://127.0.0.1:1', alternate_urls=frozenset(), s3_url='', backend_keys=None));"
        "print([n for n in ('lxml', 'signxml', 'joserfc', 'urllib3') if n in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "[]", run.stderr
