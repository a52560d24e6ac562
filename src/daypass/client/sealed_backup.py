"""The encrypted parking place of what a migration takes out: AES-256-GCM, and where its key comes from.

The key lies in a file of its own (0600, in another folder than the backup) or is made from a passphrase by scrypt
(RFC 7914). The receipt's id is bound in as additional data, so a backup opens only with the receipt it was made for.
"""

import base64
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from daypass.client.atomic_file import make_private_directory, write_private
from daypass.client.credential_cache import is_open_to_others
from daypass.errors import ConfigError, UsageError
from daypass.secret import Secret

__all__ = [
    "SHORTEST_PASSPHRASE",
    "load_key_file",
    "make_or_load_key_file",
    "open_sealed",
    "passphrase_key",
    "seal",
]

SHORTEST_PASSPHRASE = 12
"""Characters: whoever gets the file may try for as long as they like."""
_KEY_BYTES = 32
_NONCE_BYTES = 12
OWASP_SCRYPT = {"n": 2**17, "r": 8, "p": 1}
"""OWASP Password Storage Cheat Sheet: 128 MiB a try."""


def passphrase_key(passphrase: Secret, salt: bytes) -> Secret:
    """The key a passphrase makes, in base64. Raises UsageError for a short one."""
    if len(passphrase.reveal()) < SHORTEST_PASSPHRASE:
        raise UsageError(f"a passphrase has {SHORTEST_PASSPHRASE} characters or more")
    key = Scrypt(salt=salt, length=_KEY_BYTES, **OWASP_SCRYPT).derive(passphrase.reveal().encode())
    return Secret(base64.b64encode(key).decode())


def make_or_load_key_file(path: Path, *, apart_from: Path) -> Secret:
    """The key in the file, which is made when it is not there. Raises UsageError, ConfigError."""
    if Path(os.path.realpath(path)).parent == Path(os.path.realpath(apart_from)):
        raise UsageError("the backup's key must lie apart from the backup", hint="--backup-key-file FILE")
    if not path.exists():
        make_private_directory(path.parent)
        write_private(path, base64.b64encode(os.urandom(_KEY_BYTES)).decode() + "\n")
    return load_key_file(path)


def load_key_file(path: Path) -> Secret:
    """The key in the file. Raises ConfigError when it is none, or others can read it."""
    try:
        with path.open(encoding="ascii") as file:
            state = os.fstat(file.fileno())
            text = file.read(200).strip()
        length = len(base64.b64decode(text, validate=True))
    except FileNotFoundError:
        raise ConfigError(f"there is no key file {path}", hint="--backup-key-file FILE") from None
    except (OSError, ValueError):
        raise ConfigError(f"{path} cannot be read as a backup key", hint=f"ls -l {path}") from None
    if length != _KEY_BYTES:
        raise ConfigError(f"{path} holds no backup key", hint=f"ls -l {path}")
    if is_open_to_others(state):
        raise ConfigError(f"others can read the backup key {path}", hint=f"chmod 600 {path}")
    return Secret(text)


def seal(content: bytes, key: Secret, receipt_id: str) -> str:
    """Nonce and ciphertext, in base64."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(base64.b64decode(key.reveal())).encrypt(nonce, content, receipt_id.encode())
    return base64.b64encode(sealed).decode()


def open_sealed(text: str, key: Secret, receipt_id: str) -> bytes:
    """The content. Raises ConfigError for another key, another receipt, or damage."""
    try:
        sealed = base64.b64decode(text, validate=True)
        aead = AESGCM(base64.b64decode(key.reveal()))
        return aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], receipt_id.encode())
    except (InvalidTag, ValueError):
        raise ConfigError("the backup does not open with this key; nothing was changed") from None
