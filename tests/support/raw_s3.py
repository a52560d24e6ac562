"""S3 requests byte by byte: signed like any client's, then bent before they are sent.

A `RawS3` signs with our own signer (proven against AWS's vectors in its own tests) and speaks HTTP/1.1 on a
plain socket, so a test can tamper with anything: path spelling, headers, framing, timing.
"""

import base64
import hmac
import http.client
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from daypass.protocol.aws.sigv4 import (
    Credentials,
    WireRequest,
    derive_signing_key,
    sign_request,
)

__all__ = ["RawAnswer", "RawS3", "SignedChunks", "frame_unsigned", "hex_hash"]

EMPTY_HASH = sha256(b"").hexdigest()


@dataclass(frozen=True)
class RawAnswer:
    """One answer, complete."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The error code of an S3 XML refusal, or empty."""
        _, found, rest = self.body.partition(b"<Code>")
        return rest.partition(b"</Code>")[0].decode() if found else ""


class RawS3:
    """One caller at one endpoint."""

    def __init__(self, port: int, credentials: Credentials, *, host: str = "") -> None:
        self.port = port
        self.host = host or f"127.0.0.1:{port}"
        self.credentials = credentials

    def sign(
        self,
        method: str,
        target: str,
        *,
        payload_hash: str = EMPTY_HASH,
        headers: Iterable[tuple[str, str]] = (),
        now: int | None = None,
    ) -> list[tuple[str, str]]:
        """All headers of the signed request; `target` is path and query, percent-encoded."""
        path, _, query = target.partition("?")
        wire = WireRequest(method, path, query, (("Host", self.host), *headers))
        signed = sign_request(
            self.credentials,
            wire,
            region="us-east-1",
            service="s3",
            now=int(time.time()) if now is None else now,
            payload_hash=payload_hash,
            is_s3=True,
        )
        return list(signed)

    def ask(
        self,
        method: str,
        target: str,
        *,
        body: bytes = b"",
        payload_hash: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        now: int | None = None,
    ) -> RawAnswer:
        """Sign, send, read."""
        signed = self.sign(
            method, target, payload_hash=payload_hash or hex_hash(body), headers=headers, now=now
        )
        return self.send(method, target, signed, body)

    def send(self, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> RawAnswer:
        """Send as given, with a Content-Length when there is a body or the method has one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            if body or method in ("PUT", "POST"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return RawAnswer(
                response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
            )
        finally:
            connection.close()


def hex_hash(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return sha256(content).hexdigest()


def crc32_base64(content: bytes) -> str:
    """The x-amz-checksum-crc32 of some content."""
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def frame_unsigned(chunks: Iterable[bytes], trailers: Mapping[str, str]) -> bytes:
    """A body of STREAMING-UNSIGNED-PAYLOAD-TRAILER."""
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks if chunk)
    lines = "".join(f"{name}:{value}\r\n" for name, value in trailers.items())
    return framed + b"0\r\n" + lines.encode() + b"\r\n"


class SignedChunks:
    """The chain of chunk signatures that follows a signed request."""

    def __init__(self, credentials: Credentials, headers: Iterable[tuple[str, str]]) -> None:
        named = {name.lower(): value for name, value in headers}
        self._amz_date = named["x-amz-date"]
        self._scope = named["authorization"].partition("Credential=")[2].partition(",")[0].partition("/")[2]
        self._previous = named["authorization"].rpartition("Signature=")[2]
        date, region, service, _ = self._scope.split("/")
        self._key = derive_signing_key(
            credentials.secret_access_key, date=date, region=region, service=service
        )

    def _sign(self, algorithm: str, hashes: str) -> str:
        text = f"{algorithm}\n{self._amz_date}\n{self._scope}\n{self._previous}\n{hashes}"
        self._previous = hmac.digest(self._key, text.encode(), "sha256").hex()
        return self._previous

    def chunk(self, content: bytes) -> bytes:
        """One framed chunk; the empty one ends the payload (without its final line break)."""
        signature = self._sign("AWS4-HMAC-SHA256-PAYLOAD", f"{EMPTY_HASH}\n{hex_hash(content)}")
        head = f"{len(content):x};chunk-signature={signature}\r\n".encode()
        return head + content + b"\r\n" if content else head

    def trailer(self, trailers: Mapping[str, str]) -> bytes:
        """Trailing fields and their signature, with the line break that ends everything."""
        canonical = "".join(f"{name}:{trailers[name]}\n" for name in sorted(trailers))
        signature = self._sign("AWS4-HMAC-SHA256-TRAILER", hex_hash(canonical.encode()))
        lines = "".join(f"{name}:{value}\r\n" for name, value in trailers.items())
        return f"{lines}x-amz-trailer-signature:{signature}\r\n\r\n".encode()
