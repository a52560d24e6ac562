"""Reading the public AWS signing suite: case folders into requests our verifier takes.

The requests are HTTP/1.1 texts with bare line feeds; a line that begins with white space continues the
header above it. Nothing of daypass's own parsing is used, so a mistake there cannot hide here.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from daypass.protocol.aws.sigv4 import ServiceRules, WireRequest
from daypass.secret import Secret

SUITE = Path(__file__).parents[1] / "vectors" / "sigv4"


@dataclass(frozen=True)
class SuiteCase:
    """One signed request of the suite, in header or query form."""

    folder: Path
    form: str

    @property
    def context(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "context.json").read_text())
        return loaded

    @property
    def secret(self) -> Secret:
        return Secret(self.context["credentials"]["secret_access_key"])

    @property
    def rules(self) -> ServiceRules:
        return ServiceRules(
            service=self.context["service"],
            max_skew=300,
            is_s3=False,
            is_token_signed=not self.context.get("omit_session_token", False),
            is_path_normalised=self.context["normalize"],
        )

    def text(self, name: str) -> bytes:
        return (self.folder / f"{self.form}-{name}.txt").read_bytes()

    def signed_request(self) -> tuple[WireRequest, bytes]:
        return parse_request(self.text("signed-request"))

    def payload_hash(self) -> str:
        return sha256(self.signed_request()[1]).hexdigest()

    def __str__(self) -> str:
        return f"{self.folder.name}-{self.form}"


def suite_cases(version: str) -> list[SuiteCase]:
    """Every case of `v4` or `v4a` that has a signed request, in both forms."""
    folders = sorted((SUITE / version).iterdir())
    return [
        SuiteCase(folder, form)
        for folder in folders
        for form in ("header", "query")
        if (folder / f"{form}-signed-request.txt").exists()
    ]


def parse_request(raw: bytes) -> tuple[WireRequest, bytes]:
    """The request and its body."""
    head, _, body = raw.decode("latin-1").partition("\n\n")
    request_line, *lines = head.split("\n")
    method, _, rest = request_line.partition(" ")
    target = rest.rpartition(" ")[0]
    path, _, query = target.partition("?")
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t"):
            name, value = headers.pop()
            headers.append((name, value + "\n" + line))
        else:
            name, _, value = line.partition(":")
            headers.append((name, value))
    return WireRequest(method, path, query, tuple(headers)), body.encode("latin-1")
