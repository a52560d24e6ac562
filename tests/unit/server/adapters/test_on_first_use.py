"""What is costly to load is loaded once, and not before it is used."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from daypass.server.adapters.on_first_use import OnFirstUse


class Part:
    made = 0

    def __init__(self) -> None:
        Part.made += 1

    def answer(self) -> int:
        return 42


def test_it_is_made_once_by_the_first_use() -> None:
    Part.made = 0
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


def test_what_is_known_is_answered_without_the_part() -> None:
    part = OnFirstUse(Part, known={"is_available": False})
    assert part.is_available is False
    assert not part.is_loaded


async def test_it_is_imported_in_a_thread_and_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever uses it while it is imported does not make a second one."""
    imported: list[tuple[str, bool]] = []

    def import_it(name: str) -> None:
        imported.append((name, threading.current_thread() is threading.main_thread()))

    monkeypatch.setattr("daypass.server.adapters.on_first_use.import_module", import_it)
    Part.made = 0
    part = OnFirstUse(Part, modules=("one", "two"))
    loading = asyncio.gather(part.load(), part.load())
    assert part.answer() == 42
    await loading
    assert Part.made == 1
    assert sorted(imported) == [("one", False), ("one", False), ("two", False), ("two", False)]


USED = """
import asyncio, sys
from daypass.server.adapters.sql import open_storage
from daypass.server import app as app_module
from daypass.server.app import compose
from daypass.server.settings import Settings
from daypass.server.domain.key_ring import KeyRing, MasterKey
from support.storage_records import populate, make_user, make_passkey, make_oidc_provider, ACCOUNT_ID

URL = "sqlite://" + sys.argv[1]
LIBRARIES = ("lxml", "joserfc", "webauthn")

def loaded():
    return ",".join(name for name in LIBRARIES if name in sys.modules) or "-"

async def main():
    storage = await open_storage(URL)
    await storage.migrate()
    await populate(storage)
    alice = make_user("Alice")
    await storage.users.create_user(alice)
    await storage.mfa_devices.create_mfa_device(make_passkey(alice.user_id), limit=8)
    app = await compose(Settings(database_url=URL), KeyRing([MasterKey("0a0b0c0d", 1, bytes(32))]),
        external_url="https://signin.example.com", alternate_urls=frozenset(), s3_url="", backend_keys=None)
    print(loaded())
    await storage.oidc_providers.create_oidc_provider(make_oidc_provider())
    app_module._PURGE_SECONDS = 0
    upkeep = asyncio.create_task(app.purge_forever())
    async with asyncio.timeout(20):
        while not app._on_demand["oidc"].is_loaded:
            await asyncio.sleep(0)
    upkeep.cancel()
    print(loaded())
    await app.close()
    await storage.close()

asyncio.run(main())
"""


def test_a_server_whose_people_use_it_has_it_loaded_before_they_come(tmp_path: Path) -> None:
    """At the start what is there, and with the upkeep what came since."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    run = subprocess.run(
        [sys.executable, "-c", USED, str(tmp_path / "daypass.db")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.split() == ["webauthn", "joserfc,webauthn"], run.stderr
