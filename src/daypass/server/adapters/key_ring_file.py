"""Where the key ring lives: a 0600 file apart from the database, a command's output, or a variable of the environment.

The text is JSON: `{"version": 1, "keys": [{"key_id": …, "created_at": …, "material": base64, "rsa_key": base64}]}`;
`rsa_key` is absent from keys made before there was one. Rotation adds a key and keeps the old ones for opening until
nothing they sealed can still be alive. No message ever repeats the text.
"""

import base64
import binascii
import json
import re
import secrets
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from daypass.errors import ConfigError
from daypass.secret import Secret
from daypass.server.adapters.private_file import read_private_file, write_private_file
from daypass.server.domain.key_ring import KeyRing, MasterKey

__all__ = [
    "build_key_ring_text",
    "load_key_ring",
    "new_master_key",
    "parse_key_ring",
    "read_key_ring_file",
    "rotate",
    "with_rsa_key",
    "write_key_ring_file",
]

_COMMAND_SECONDS = 30
_RSA_BITS = 2048


def new_master_key(*, now: int) -> MasterKey:
    """A fresh key, `created_at` now."""
    return MasterKey(
        key_id=secrets.token_hex(4),
        created_at=now,
        material=secrets.token_bytes(32),
        rsa_key=_new_rsa_key(),
    )


def with_rsa_key(ring: KeyRing) -> KeyRing:
    """The ring whose newest key has an RSA key; the same ring when it has one already."""
    if ring.current.rsa_key:
        return ring
    return KeyRing([*ring.keys[:-1], replace(ring.current, rsa_key=_new_rsa_key())])


def build_key_ring_text(ring: KeyRing) -> str:
    """The ring as JSON. A secret: it goes to a 0600 file or a secret manager, nowhere else."""
    keys = [
        {
            "key_id": key.key_id,
            "created_at": key.created_at,
            "material": base64.b64encode(key.material).decode(),
        }
        | ({"rsa_key": base64.b64encode(key.rsa_key).decode()} if key.rsa_key else {})
        for key in ring.keys
    ]
    return json.dumps({"version": 1, "keys": keys}, indent=1) + "\n"


def parse_key_ring(text: str, *, source: str) -> KeyRing:
    """The ring behind the text. Raises ConfigError naming the source, never the text."""
    try:
        document = json.loads(text)
        if document["version"] != 1:
            raise ConfigError(f"{source} is of a version this server does not know")
        keys = [_parse_key(entry) for entry in document["keys"]]
        if len({key.key_id for key in keys}) != len(keys):
            raise ValueError("two keys share an id")
        ring = KeyRing(keys)
        if any(rsa_key.key_size < _RSA_BITS for _, rsa_key in ring.rsa_keys()):
            raise ValueError("a short RSA key")
        return ring
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise ConfigError(f"{source} is not a key ring") from None


def load_key_ring(*, text: Secret, command: str, path: Path | None) -> KeyRing:
    """From the text if given, else the command's output, else the file. Raises ConfigError."""
    if text:
        return parse_key_ring(text.reveal(), source="DAYPASS_KEY_RING")
    if command:
        return parse_key_ring(_run_command(command), source="the output of key_ring_command")
    if path is None:
        raise ConfigError("no key ring is named", hint="set key_ring_file")
    return read_key_ring_file(path)


def read_key_ring_file(path: Path) -> KeyRing:
    """Raises ConfigError when the file is missing, open to others, or not a ring."""
    if not path.exists():
        raise ConfigError(f"there is no key ring at {path}", hint="daypass server init")
    return parse_key_ring(read_private_file(path), source=str(path))


def write_key_ring_file(path: Path, ring: KeyRing) -> None:
    """Replace the file atomically, mode 0600."""
    write_private_file(path, build_key_ring_text(ring))


def rotate(
    ring: KeyRing, new_key: MasterKey, *, now: int, longest_life: int, in_use: frozenset[str] = frozenset()
) -> KeyRing:
    """The ring with the new key, without keys that stopped sealing more than `longest_life` seconds ago.

    `in_use`: ids of keys that still seal something without an end of life; they are kept.
    """
    kept = [new_key]
    successors = [*ring.keys[1:], new_key]
    for key, successor in zip(ring.keys, successors, strict=True):
        if successor.created_at + longest_life >= now or key.key_id in in_use:
            kept.append(key)
    return KeyRing(kept)


def _parse_key(entry: dict[str, object]) -> MasterKey:
    key_id, created_at, material = entry["key_id"], entry["created_at"], entry["material"]
    rsa_key = entry.get("rsa_key", "")
    if not isinstance(key_id, str) or not re.fullmatch(r"[0-9a-f]{8}", key_id):
        raise ValueError("bad key id")
    if not isinstance(created_at, int) or not isinstance(material, str) or not isinstance(rsa_key, str):
        raise TypeError("bad members")
    raw = base64.b64decode(material, validate=True)
    if len(raw) != 32:
        raise ValueError("bad length")
    return MasterKey(key_id, created_at, raw, base64.b64decode(rsa_key, validate=True))


def _new_rsa_key() -> bytes:
    """PKCS #8 in DER, unencrypted: it is as secret as the material beside it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _run_command(command: str) -> str:
    try:
        finished = subprocess.run(  # noqa: S603 - the operator's own command, split without a shell
            shlex.split(command), check=True, stdout=subprocess.PIPE, text=True, timeout=_COMMAND_SECONDS
        )
    except (OSError, ValueError, subprocess.SubprocessError) as failure:
        raise ConfigError(
            f"key_ring_command failed ({type(failure).__name__})", hint="run it by hand to see why"
        ) from None
    return finished.stdout
