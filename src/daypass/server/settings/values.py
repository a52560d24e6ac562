"""From one raw value (TOML's or text) to the type of its field.

Every function raises ValueError with words that follow the setting's name: "must be …". Values of secrets are
never repeated in those words.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import Field
from pathlib import Path
from typing import Any

from daypass.secret import Secret
from daypass.server.domain.provider_list import ListedProvider
from daypass.server.settings.identity_providers import (
    normalize_internal_host,
    parse_client_secrets,
    parse_identity_providers,
)
from daypass.server.settings.record import Address, Networks

__all__ = ["parse_address", "parse_value"]

_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


def parse_value(described: Field[Any], raw: object, *, folder: Path) -> object:
    """The field's value. Raises ValueError."""
    if described.type == Path | None:
        return _parse_path(raw, folder)
    if described.type == tuple[ListedProvider, ...]:
        return parse_identity_providers(raw, folder)
    if described.name in _OWN_PARSERS:
        return _OWN_PARSERS[described.name](raw)
    value = _PARSERS[described.type](raw)
    low, high = described.metadata["low"], described.metadata["high"]
    if isinstance(value, int) and low is not None and not low <= value <= high:
        raise ValueError(f"must be {low} to {high} {described.metadata['unit']}, not {value}")
    return value


def parse_address(raw: object) -> Address:
    """`host:port` or `[v6]:port`."""
    host, separator, port = _parse_text(raw).rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError("must write an IPv6 address in brackets, as in [::1]:8085")
    if not separator or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError("must be host:port, as in 127.0.0.1:8085")
    return Address(host, int(port))


def _parse_text(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError("must be a text")
    return raw.strip()


def _parse_secret(raw: object) -> Secret:
    return Secret(_parse_text(raw))


def _parse_integer(raw: object) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    if isinstance(raw, str):
        try:
            return int(raw)
        except ValueError:
            pass
    raise ValueError("must be a whole number")


def _parse_boolean(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.strip().lower() in _TRUE | _FALSE:
        return raw.strip().lower() in _TRUE
    raise ValueError("must be true or false")


def _parse_list(raw: object) -> tuple[str, ...]:
    """A TOML array, or comma-separated text."""
    if isinstance(raw, str):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    if isinstance(raw, list) and all(isinstance(part, str) for part in raw):
        return tuple(raw)
    raise ValueError("must be a list of texts")


def _parse_networks(raw: object) -> Networks:
    networks = []
    for part in _parse_list(raw):
        try:
            networks.append(ipaddress.ip_network(part))
        except ValueError:
            raise ValueError(f"must list networks like 10.0.0.0/8; {part!r} is none") from None
    return tuple(networks)


def _parse_path(raw: object, folder: Path) -> Path | None:
    text = _parse_text(raw)
    if "\0" in text:
        raise ValueError("must be a path")
    try:
        return folder / Path(text).expanduser() if text else None
    except RuntimeError:  # `~somebody` who does not exist
        raise ValueError("names a home folder that does not exist") from None


_PARSERS: dict[Any, Callable[[object], object]] = {
    str: _parse_text,
    int: _parse_integer,
    bool: _parse_boolean,
    Secret: _parse_secret,
    Address: parse_address,
    Networks: _parse_networks,
    tuple[str, ...]: _parse_list,
}


_OWN_PARSERS: dict[str, Callable[[object], object]] = {
    "internal_identity_providers": lambda raw: tuple(map(normalize_internal_host, _parse_list(raw))),
    "oidc_client_secrets": parse_client_secrets,
}
"""Fields whose texts have a shape of their own."""
