"""What a server loads when it starts: nothing that only some requests need (ADR 10, ADR 14)."""

import subprocess
import sys

LATER = "webauthn cbor2 OpenSSL zxcvbn segno lxml signxml urllib3"
PROGRAM = """
import asyncio, sys
from dataclasses import replace
from daypass.server.adapters.key_ring_file import new_master_key
from daypass.server.app import compose
from daypass.server.domain.key_ring import KeyRing
from daypass.server.settings import Settings

async def start():
    made = await compose(
        replace(Settings(), database_url="sqlite://", access_log=False),
        KeyRing([new_master_key(now=1_800_000_000)]),
        external_url="http://127.0.0.1:8085",
        alternate_urls=frozenset(),
        s3_url="",
        backend_keys=None,
    )
    await made.close()

asyncio.run(start())
print(" ".join(sorted(name for name in sys.modules if "." not in name)))
"""


def test_a_start_loads_no_library_of_those_that_few_requests_need() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert {"daypass", "pyotp", "apsw"} <= loaded, "the list is that of a server"
    assert loaded & set(LATER.split()) == set()
