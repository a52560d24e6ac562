"""What a person copies so that a container, an IDE or a far host asks our endpoint. Pure: values in, text out.

SDKs take plain http only from loopback and from three addresses (AWS SDKs reference guide, "Container credential
provider"), so a container either shares the host's network or sits in a network whose gateway has one of them.
No snippet holds a token: they name its file. Every value is quoted for the language it stands in.
"""

import ipaddress
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["SDK_LINK_LOCAL", "ConsumerPlace", "build_snippets", "is_loopback"]

SDK_LINK_LOCAL = ("169.254.170.2", "169.254.170.23", "fd00:ec2::23")
"""Addresses besides loopback from which SDKs accept credentials over plain http."""
_IN_CONTAINER = "/run/secrets/daypass-token"


@dataclass(frozen=True, slots=True)
class ConsumerPlace:
    """What one consumer has to know."""

    name: str
    url: str
    """The endpoint's address, `http://ADDRESS:PORT/credentials`."""
    address: str
    port: int
    token_file: str
    variables: Mapping[str, str]
    """Region and service addresses of its profile."""


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach it. Raises ValueError for what is no address."""
    return ipaddress.ip_address(address).is_loopback


def build_snippets(place: ConsumerPlace) -> dict[str, str]:
    """Kind (`docker_compose`, `dev_container`, `ssh`) to text."""
    return {
        "docker_compose": _docker_compose(place),
        "dev_container": _dev_container(place),
        "ssh": _ssh(place),
    }


def _environment(place: ConsumerPlace, *, url: str, token_file: str) -> dict[str, str]:
    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": url,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token_file,
        **place.variables,
    }


def _docker_compose(place: ConsumerPlace) -> str:
    lines = ["services:", f"  {place.name}:"]
    lines += ["    network_mode: host"] if is_loopback(place.address) else ["    networks: [daypass]"]
    lines += ["    environment:"]
    for name, value in _environment(place, url=place.url, token_file=_IN_CONTAINER).items():
        lines.append(f"      {name}: {_in_compose(value)}")
    lines += [
        "    volumes:",
        "      - type: bind",
        f"        source: {_in_compose(place.token_file)}",
        f"        target: {_IN_CONTAINER}",
        "        read_only: true",
    ]
    if not is_loopback(place.address):
        lines += ["networks:", "  daypass:", "    external: true"]
    return "\n".join(lines)


def _in_compose(value: str) -> str:
    """A JSON text is YAML too; compose would fill in what follows a single `$`."""
    return json.dumps(value).replace("$", "$$")


def _dev_container(place: ConsumerPlace) -> str:
    network = "host" if is_loopback(place.address) else "daypass"
    members = {
        "runArgs": [f"--network={network}"],
        "mounts": [f"source={place.token_file},target={_IN_CONTAINER},type=bind,readonly"],
        "containerEnv": _environment(place, url=place.url, token_file=_IN_CONTAINER),
    }
    return json.dumps(members, indent=2)


def _ssh(place: ConsumerPlace) -> str:
    """The token first, then the tunnel; on the far side the endpoint is its loopback, which every SDK accepts."""
    far_file = f".aws/daypass/consumers/{place.name}.token"
    shown = f"[{place.address}]" if ":" in place.address else place.address
    variables = _environment(
        place, url=f"http://127.0.0.1:{place.port}/credentials", token_file=f"$HOME/{far_file}"
    )
    keep = f"umask 077; mkdir -p .aws/daypass/consumers; cat > {far_file}"
    return "\n".join(
        [
            f"ssh HOST {shlex.quote(keep)} < {shlex.quote(place.token_file)}",
            f"ssh -R 127.0.0.1:{place.port}:{shown}:{place.port} HOST",
            "# then, on HOST:",
            *(f"export {name}={_in_double_quotes(value)}" for name, value in variables.items()),
        ]
    )


def _in_double_quotes(value: str) -> str:
    """`$HOME` is for the far shell to fill in; everything else stands for itself."""
    if value.startswith("$HOME/"):
        return f'"$HOME/"{shlex.quote(value.removeprefix("$HOME/"))}'
    return shlex.quote(value)
