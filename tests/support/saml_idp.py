"""A real SAML identity provider as a separate process: pysaml2 with xmlsec1 and a login form.

    with running_saml_idp(tmp_path, users={"ada": SamlUser("secret", {ROLE: [f"{role},{provider}"]})}) as idp:
        metadata = idp.metadata()                     # for aws iam create-saml-provider
        idp.add_service_provider(".../saml/metadata/SAML…")
        …the browser logs in at its form: "User name", "Password", button "Log in", then button "Continue"…

Everything but the port can be changed while it runs (`idp.change(...)`); the next request sees it.
"""

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
ROLE = ATTRIBUTES + "Role"
ROLE_SESSION_NAME = ATTRIBUTES + "RoleSessionName"
SESSION_DURATION = ATTRIBUTES + "SessionDuration"
SOURCE_IDENTITY = ATTRIBUTES + "SourceIdentity"
PRINCIPAL_TAG = ATTRIBUTES + "PrincipalTag:"
TRANSITIVE_TAG_KEYS = ATTRIBUTES + "TransitiveTagKeys"


@dataclass(frozen=True)
class SamlUser:
    """A person at the identity provider; `attributes` by full Name."""

    password: str
    attributes: Mapping[str, Sequence[str]]


@dataclass
class RunningSamlIdp:
    """One running provider. `log` holds what it refused."""

    base: str
    folder: Path
    log: Path

    @property
    def entity_id(self) -> str:
        return self.base + "/metadata"

    def metadata(self) -> str:
        """Its metadata document as it is now."""
        with urllib.request.urlopen(self.entity_id, timeout=30) as answer:
            return answer.read().decode()

    def add_service_provider(self, source: str | Path | bytes) -> None:
        """Our metadata: a URL, a file, or the document itself."""
        if isinstance(source, bytes):
            document = source
        elif str(source).startswith(("http://", "https://")):
            with urllib.request.urlopen(str(source), timeout=30) as answer:
                document = answer.read()
        else:
            document = Path(source).read_bytes()
        place = self.folder / "sp"
        (place / f"{len(list(place.iterdir()))}.xml").write_bytes(document)

    def change(self, **options: Any) -> None:
        """Set options from now on; the names are those of `running_saml_idp`, and `signing_key`, `published_keys`."""
        path = self.folder / "options.json"
        current = json.loads(path.read_text())
        unknown = options.keys() - current.keys()
        if unknown:
            raise TypeError(f"no such option: {sorted(unknown)}")
        if "users" in options:
            options["users"] = {name: asdict(user) for name, user in options["users"].items()}
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(current | options))
        fresh.replace(path)

    def make_key(self, name: str) -> None:
        """Another key pair, for `published_keys` and `signing_key`."""
        _make_key(self.folder, name)

    def start_url(self, user: str, service_provider: str) -> str:
        """Where an IdP-initiated sign-in begins; the page has the button "Continue"."""
        return f"{self.base}/start?" + urlencode({"user": user, "sp": service_provider})

    def logout_url(self, user: str) -> str:
        """Sends the browser to the service provider with a signed LogoutRequest; it comes back to "Logged out"."""
        return f"{self.base}/logout?" + urlencode({"user": user})


@contextlib.contextmanager
def running_saml_idp(
    folder: Path,
    *,
    users: Mapping[str, SamlUser],
    service_providers: Sequence[str | Path | bytes] = (),
    sign_assertion: bool = True,
    sign_response: bool = False,
    encrypt: str = "",
    want_signed_requests: bool = False,
    session_seconds: int = 0,
    port: int = 0,
) -> Iterator[RunningSamlIdp]:
    """`encrypt` is empty or `aes256-gcm`, `aes128-gcm`, `aes256-cbc`, `aes128-cbc`; `session_seconds` makes SessionNotOnOrAfter.

    Keys `one` and `two` exist; `one` signs and is published.
    """
    place = folder / "saml-idp"
    (place / "sp").mkdir(parents=True)
    for name in ("one", "two"):
        _make_key(place, name)
    options = {
        "port": port,
        "users": {name: asdict(user) for name, user in users.items()},
        "sign_assertion": sign_assertion,
        "sign_response": sign_response,
        "encrypt": encrypt,
        "want_signed_requests": want_signed_requests,
        "session_seconds": session_seconds,
        "signing_key": "one",
        "published_keys": ["one"],
    }
    (place / "options.json").write_text(json.dumps(options))
    log = place / "log"
    program = Path(__file__).with_name("saml_idp_process.py")
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, str(program), str(place)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        base = process.stdout.readline().strip()
        if not base:
            raise AssertionError(f"the identity provider did not start: {log.read_text()[-2000:]}")
        idp = RunningSamlIdp(base, place, log)
        for source in service_providers:
            idp.add_service_provider(source)
        yield idp
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _make_key(folder: Path, name: str) -> None:
    private_key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"identity provider {name}")])
    now = datetime.fromtimestamp(time.time(), UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(private_key, hashes.SHA256())
    )
    (folder / f"{name}.cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key.pem").write_bytes(
        private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
