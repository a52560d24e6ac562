"""The setting `identity_providers`: from tables of the file, or JSON text, to `ListedProvider` records.

A client secret is never in the settings file: it is in a file of mode 0600 that an entry names, or in the
environment (`oidc_client_secrets`). Every function raises ValueError with words that follow the setting's name, and
those words never repeat a value that could be a secret.
"""

import difflib
import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from daypass.secret import Secret
from daypass.server.domain.identity_provider import is_oidc_provider_arn, is_saml_provider_arn
from daypass.server.domain.provider_list import ListedProvider, OidcClient

__all__ = [
    "MEMBERS",
    "normalize_internal_host",
    "parse_client_secrets",
    "parse_identity_providers",
    "with_client_secrets",
]

MEMBERS: Mapping[str, str] = {
    "provider_arn": "Required. The ARN that `aws iam create-saml-provider` or `create-open-id-connect-provider` gave.",
    "label": 'Required. The name on the sign-in page, 1 to 64 characters: "Continue with LABEL".',
    "client_id": "Required for OpenID Connect: the id under which the provider knows this server. Not for SAML.",
    "client_secret_file": "A file, mode 0600, with the client secret. Without it and without "
    "[`oidc_client_secrets`](#oidc_client_secrets) the client is a public one, which PKCE protects.",
    "scopes": "What to ask the provider for, separated by spaces (default: `openid`, which must be among them).",
}
"""Name of a table's member to what it means."""

_MOST_PROVIDERS = 50
_LONGEST_TEXT = 512
_LONGEST_SECRET = 4096
_is_label = re.compile(r"\S(?:.{0,62}\S)?").fullmatch
_is_visible = re.compile(r"[\x21-\x7e]+").fullmatch
_is_host = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?").fullmatch


def parse_identity_providers(raw: object, folder: Path) -> tuple[ListedProvider, ...]:
    """`raw` is a list of tables, or that as JSON text; an empty text is no provider."""
    entries = _read_json(raw) if isinstance(raw, str) else raw
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("must be a list of tables: [[identity_providers]] in the file, JSON elsewhere")
    if len(entries) > _MOST_PROVIDERS:
        raise ValueError(f"must list at most {_MOST_PROVIDERS} providers")
    providers = tuple(
        _parse_entry(entry, f"number {number}", folder) for number, entry in enumerate(entries, 1)
    )
    for what, values in (
        ("provider_arn", [each.provider_arn for each in providers]),
        ("label", [each.label.casefold() for each in providers]),
    ):
        if len(set(values)) < len(values):
            raise ValueError(f"must not name one {what} twice")
    return providers


def parse_client_secrets(raw: object) -> Secret:
    """The JSON text as it came; `with_client_secrets` reads it once the providers are known."""
    text = Secret(raw.strip() if isinstance(raw, str) else "")
    _read_secrets(text)
    return text


def with_client_secrets(providers: Sequence[ListedProvider], secrets: Secret) -> tuple[ListedProvider, ...]:
    """The providers, each with its secret of the environment where there is one: it wins over the file's."""
    by_arn = _read_secrets(secrets)
    known = {each.provider_arn for each in providers if each.client is not None}
    if not by_arn.keys() <= known:
        raise ValueError(
            "has a secret for a provider that is not among the OpenID Connect identity_providers"
        )
    return tuple(
        replace(each, client=replace(each.client, client_secret=by_arn[each.provider_arn]))
        if each.client is not None and each.provider_arn in by_arn
        else each
        for each in providers
    )


def normalize_internal_host(entry: str) -> str:
    """`host`, `host:port` or `[v6]:port`, lower case."""
    host = entry.strip().lower()
    if not _is_host(host) or int(re.search(r"[^\]]:([0-9]+)$|$", host)[1] or 0) > 65_535:  # type: ignore[index]  # `$` always matches
        raise ValueError("must list hosts like idp.example.internal, idp.example.internal:8443 or [::1]")
    return host


def _parse_entry(entry: Mapping[str, object], which: str, folder: Path) -> ListedProvider:
    _check_names(entry, which)
    values = {name: _text(value, f"{which}: {name}") for name, value in entry.items()}
    arn, label = values.get("provider_arn", ""), values.get("label", "")
    if not (is_saml_provider_arn(arn) or is_oidc_provider_arn(arn)):
        raise ValueError(
            f"{which}: provider_arn must be like arn:aws:iam::111122223333:saml-provider/Name or "
            "arn:aws:iam::111122223333:oidc-provider/idp.example.com"
        )
    if not _is_label(label) or not label.isprintable():
        raise ValueError(f"{which}: label must be 1 to 64 printable characters")
    if is_saml_provider_arn(arn):
        surplus = [name for name in ("client_id", "client_secret_file", "scopes") if name in values]
        if surplus:
            raise ValueError(f"{which}: {surplus[0]} is for OpenID Connect, and this provider is a SAML one")
        return ListedProvider(arn, label, None)
    return ListedProvider(arn, label, _parse_client(arn, values, which, folder))


def _check_names(entry: Mapping[str, object], which: str) -> None:
    for name in entry:
        if name in MEMBERS:
            continue
        if name == "client_secret":
            raise ValueError(
                f"{which}: client_secret has no place here; put it into a file of mode 0600 and name that in "
                "client_secret_file, or set DAYPASS_OIDC_CLIENT_SECRETS"
            )
        nearest = difflib.get_close_matches(name, MEMBERS, n=1)
        told = f"did you mean {nearest[0]}?" if nearest else "settings of the server stand above the tables"
        raise ValueError(f"{which}: there is no member {name[:64]!r}; {told}")


def _parse_client(arn: str, values: Mapping[str, str], which: str, folder: Path) -> OidcClient:
    client_id, scopes = values.get("client_id", ""), values.get("scopes", "openid")
    if not _is_visible(client_id) or len(client_id) > 255:
        raise ValueError(f"{which}: client_id must be 1 to 255 visible characters")
    names = scopes.split()
    if "openid" not in names or not all(_is_visible(name) for name in names):
        raise ValueError(f"{which}: scopes must be names separated by spaces, openid among them")
    secret = Secret("")
    if values.get("client_secret_file"):
        try:
            path = folder / Path(values["client_secret_file"]).expanduser()
        except RuntimeError:  # `~somebody` who does not exist
            raise ValueError(f"{which}: client_secret_file names a home folder that does not exist") from None
        secret = _read_secret_file(path, which)
    return OidcClient(arn, client_id, secret, " ".join(names))


def _read_secret_file(path: Path, which: str) -> Secret:
    """The file's text without the line end behind it."""
    try:
        with path.open(encoding="utf-8") as opened:
            if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & 0o077:
                raise ValueError(f"{which}: others may read {path}; type: chmod 600 {path}")
            text = opened.read(_LONGEST_SECRET + 1).rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{which}: {path} is not text") from None
    except OSError as failure:
        raise ValueError(f"{which}: cannot read {path}: {failure.strerror or failure}") from None
    if not 1 <= len(text) <= _LONGEST_SECRET or not text.isprintable():
        raise ValueError(f"{which}: {path} must hold the client secret alone, on one line")
    return Secret(text)


def _read_secrets(secrets: Secret) -> dict[str, Secret]:
    if not secrets:
        return {}
    by_arn = _read_json(secrets.reveal())
    if not isinstance(by_arn, dict) or not all(
        isinstance(secret, str) and secret and secret.isprintable() for secret in by_arn.values()
    ):
        raise ValueError('must be JSON like {"PROVIDER-ARN": "SECRET"}')
    return {arn: Secret(secret) for arn, secret in by_arn.items()}


def _read_json(text: str) -> object:
    """Nothing of the text is repeated in the refusal: it may hold a secret."""
    if not text.strip():
        return []
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("must be JSON") from None


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or "\0" in value:
        raise ValueError(f"{name} must be a text of at most {_LONGEST_TEXT} characters")
    return value.strip()
