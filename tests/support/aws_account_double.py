"""A loopback stand-in for an account's STS and IAM, for what our own server has not: long-lived keys.

Written from the shapes AWS documents (STS "GetCallerIdentity"; IAM "GetAccessKeyLastUsed", "ListAccessKeys",
"UpdateAccessKey", "Common Errors"), not from AWS's answers. Signatures are verified with the project's verifier, so a
request signed with a wrong secret is refused as AWS would.
"""

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from daypass.protocol.aws.errors import AccessDenied, AwsError, InvalidClientTokenId, NoSuchEntity
from daypass.protocol.aws.sigv4 import IAM_RULES, STS_RULES, WireRequest, find_signature, verify_signature
from daypass.protocol.aws.xml import (
    IAM_NAMESPACE,
    STS_NAMESPACE,
    XmlValue,
    build_error_xml,
    build_response_xml,
    format_timestamp,
)
from daypass.secret import Secret

DAY = 86_400


@dataclass
class KnownKey:
    """One key of the account."""

    secret: str
    arn: str
    created_at: int = 1_600_000_000
    used_at: int | None = None
    service: str = "s3"
    status: str = "Active"
    may: frozenset[str] = frozenset({"GetAccessKeyLastUsed", "ListAccessKeys", "UpdateAccessKey"})


@dataclass
class AccountDouble:
    """The account, its keys, and what was asked."""

    keys: dict[str, KnownKey]
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Signing key id, action, parameters."""
    raw: list[bytes] = field(default_factory=list)
    """Everything that came over the wire, heads and bodies."""
    base_url: str = ""

    def answer(self, headers: tuple[tuple[str, str], ...], body: bytes) -> bytes:
        """The XML, or an AwsError."""
        request = WireRequest("POST", "/", "", headers)
        signature = find_signature(request)
        if signature is None:
            raise AccessDenied("not signed")
        signer = self.keys.get(signature.access_key_id)
        if signer is None or signer.status != "Active":
            raise InvalidClientTokenId("The security token included in the request is invalid.")
        verify_signature(
            signature,
            request,
            Secret(signer.secret),
            now=int(time.time()),
            rules=STS_RULES if signature.service == "sts" else IAM_RULES,
            payload_hash=hashlib.sha256(body).hexdigest(),
        )
        parameters = dict(parse_qsl(body.decode()))
        action = parameters.pop("Action")
        parameters.pop("Version")
        self.asked.append((signature.access_key_id, action, parameters))
        if action == "GetCallerIdentity":
            return build_response_xml(action, STS_NAMESPACE, _identity(signer.arn), "r")
        if action not in signer.may:
            raise AccessDenied(f"User: {signer.arn} is not authorized to perform: iam:{action}")
        result = getattr(self, f"_{action}")(signer, parameters)
        return build_response_xml(action, IAM_NAMESPACE, result, "r")

    def _GetAccessKeyLastUsed(self, signer: KnownKey, parameters: dict[str, str]) -> XmlValue:  # noqa: N802 - AWS's name
        key = self._key(parameters)
        used: dict[str, XmlValue] = {"ServiceName": "N/A", "Region": "N/A"}
        if key.used_at is not None:
            used = {
                "LastUsedDate": format_timestamp(key.used_at),
                "ServiceName": key.service,
                "Region": "eu-west-1",
            }
        return {"UserName": key.arn.rpartition("/")[2], "AccessKeyLastUsed": used}

    def _ListAccessKeys(self, signer: KnownKey, parameters: dict[str, str]) -> XmlValue:  # noqa: N802 - AWS's name
        return {
            "AccessKeyMetadata": [
                {
                    "UserName": key.arn.rpartition("/")[2],
                    "AccessKeyId": key_id,
                    "Status": key.status,
                    "CreateDate": format_timestamp(key.created_at),
                }
                for key_id, key in self.keys.items()
                if key.arn == signer.arn and key_id.startswith("AKIA")
            ],
            "IsTruncated": False,
        }

    def _UpdateAccessKey(self, signer: KnownKey, parameters: dict[str, str]) -> None:  # noqa: N802 - AWS's name
        key = self._key(parameters)
        if parameters.get("UserName", "") not in ("", key.arn.rpartition("/")[2]):
            raise NoSuchEntity("no such user")
        key.status = parameters["Status"]

    def _key(self, parameters: dict[str, str]) -> KnownKey:
        if parameters["AccessKeyId"] not in self.keys:
            raise NoSuchEntity("no such key")
        return self.keys[parameters["AccessKeyId"]]


def _identity(arn: str) -> dict[str, XmlValue]:
    return {"Arn": arn, "UserId": "AIDAEXAMPLE", "Account": arn.split(":")[4]}


class _Handler(BaseHTTPRequestHandler):
    double: AccountDouble

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.double.raw.append(bytes(self.headers) + body)
        try:
            status, answer = 200, self.double.answer(tuple(self.headers.items()), body)
        except AwsError as refusal:
            status, answer = refusal.status, build_error_xml(refusal, "r")
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Silent."""


@contextlib.contextmanager
def account_double(keys: dict[str, KnownKey]) -> Iterator[AccountDouble]:
    """The double, listening."""
    double = AccountDouble(keys)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"double": double}))
    double.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
