"""`daypass serve-credentials --consumer NAME[=PROFILE] …`: credentials for containers, IDEs and far hosts.

They ask an endpoint instead of reading `~/.aws`: each consumer has a token of its own and gets one profile's
credentials, renewed as long as the session lasts. The endpoint is plain http, which SDKs accept only near by, and
so do we. Runs until SIGINT or SIGTERM; prints what to copy, never a token.
"""

import argparse
import errno
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from daypass.cli.arguments import CommandParser, add_no_input, chosen_profile, may_prompt
from daypass.cli.output import data, say
from daypass.cli.renewing import at_its_server, credential_supply, find_profile, identity_of, login_beneath
from daypass.cli.time_left import warning_supply
from daypass.client.aws_config import AwsConfig, Profile, load_config
from daypass.client.consumer_snippets import SDK_LINK_LOCAL, ConsumerPlace, build_snippets, is_loopback
from daypass.client.consumer_tokens import (
    check_consumer_name,
    check_tokens_differ,
    consumer_directory,
    obtain_token,
    token_path,
)
from daypass.client.credential_server import Consumer, CredentialServer
from daypass.client.session_cache import CacheEntry
from daypass.errors import ConfigError, LoginRequired, UsageError

__all__ = ["run"]

_PORT = 8911
"""Fixed, because what people copy names it; nothing is registered there."""
_SLICE = 0.5  # seconds: on Windows a wait for a lock cannot be interrupted by Ctrl-C
_SERVICES = ("sts", "iam", "cloudtrail", "s3")
_TITLES = (("docker compose", "docker_compose"), ("devcontainer.json", "dev_container"), ("ssh", "ssh"))


@dataclass(frozen=True, slots=True)
class _Served:
    consumer: Consumer
    profile: Profile
    token_file: Path


def run(argv: list[str]) -> int:
    """Serve until a signal; returns 0."""
    arguments = _parse(argv)
    address = _checked_address(arguments)
    port = _checked_port(arguments.port)
    served = _prepare(arguments, load_config(os.environ))
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    server = _listen([each.consumer for each in served], address, port)
    try:
        _tell(served, server, address, as_json=arguments.json)
        while not ended.wait(_SLICE):
            pass
    finally:
        server.close()
    return 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = CommandParser(
        "serve-credentials", "Serve credentials to containers, IDEs and far hosts, one token for each."
    )
    parser.add_argument(
        "--consumer",
        metavar="NAME[=PROFILE]",
        action="append",
        required=True,
        help="who may ask, and the profile it gets (default: $AWS_PROFILE, else default); may be repeated",
    )
    parser.add_argument(
        "--bind", metavar="ADDRESS", default="127.0.0.1", help="where to listen (default: 127.0.0.1)"
    )
    parser.add_argument("--port", metavar="N", default=str(_PORT), help=f"(default: {_PORT}; 0: a free one)")
    parser.add_argument(
        "--new-tokens", action="store_true", help="make new tokens; the consumers' old ones end"
    )
    parser.add_argument("--json", action="store_true", help="print what consumers need as one JSON object")
    parser.add_argument(
        "--i-understand-http-is-not-private",
        action="store_true",
        help="listen at an address that other machines can reach: whoever sees the traffic has the credentials",
    )
    add_no_input(parser)
    arguments = parser.parse_args(argv)
    arguments.profile = None  # the one of consumers that name none
    return arguments


def _checked_address(arguments: argparse.Namespace) -> str:
    """Loopback, an address SDKs know to be near, or whatever the person insists on. Raises UsageError."""
    address: str = arguments.bind
    try:
        near = is_loopback(address) or address in SDK_LINK_LOCAL
    except ValueError:
        raise UsageError("--bind takes an address in digits", hint="--bind 127.0.0.1") from None
    if not near and not arguments.i_understand_http_is_not_private:
        raise UsageError(
            f"{address} can be reached from other machines, and SDKs take no credentials over plain http from there",
            hint=f"daypass serve-credentials --bind {SDK_LINK_LOCAL[0]} …",
        )
    if not near:
        say(f"everyone who sees traffic to {address} sees the credentials; most SDKs refuse such an address")
    return address


def _checked_port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) < 65536):
        raise UsageError("--port takes 0 to 65535")
    return int(text)


def _prepare(arguments: argparse.Namespace, config: AwsConfig) -> list[_Served]:
    """Every profile is signed in before any token is touched. Raises UsageError, ConfigError, LoginRequired."""
    wanted: dict[str, Profile] = {}
    for word in arguments.consumer:
        name, _, profile_name = word.partition("=")
        if check_consumer_name(name) in wanted:
            raise UsageError(f'the consumer "{name}" was named twice')
        profile = find_profile(config, profile_name or chosen_profile(arguments, os.environ))
        identity_of(profile, os.environ)
        wanted[name] = profile
    asks = may_prompt(arguments)
    supplies = {
        name: warning_supply(
            credential_supply(profile, os.environ, may_prompt=asks),
            profile=login_beneath(profile, os.environ),
        )
        for name, profile in wanted.items()
    }
    for supply in supplies.values():
        supply()  # a sign-in that is needed is said now, not by an SDK in a container
    directory = consumer_directory()
    tokens = {name: obtain_token(directory, name, renew=arguments.new_tokens) for name in wanted}
    check_tokens_differ(tokens)
    return [
        _Served(
            Consumer(name, tokens[name], _with_one_sentence(name, supplies[name])),
            profile,
            token_path(directory, name),
        )
        for name, profile in wanted.items()
    ]


def _with_one_sentence(name: str, supply: Callable[[], CacheEntry]) -> Callable[[], CacheEntry]:
    """The supply; a session that ended is said here once, however often a consumer asks."""
    lock, told = threading.Lock(), False

    def tell(problem: LoginRequired | None) -> None:
        nonlocal told
        with lock:
            if problem is not None and not told:
                say(f'consumer "{name}" gets nothing: {problem.message}; {problem.hint}')
            told = problem is not None

    def telling() -> CacheEntry:
        try:
            entry = supply()
        except LoginRequired as problem:
            tell(problem)
            raise
        tell(None)
        return entry

    return telling


def _listen(consumers: list[Consumer], address: str, port: int) -> CredentialServer:
    try:
        return CredentialServer(consumers, host=address, port=port)
    except OSError as problem:
        raise _explain(problem, address, port) from None


def _explain(problem: OSError, address: str, port: int) -> ConfigError:
    if problem.errno == errno.EADDRINUSE:
        return ConfigError(f"port {port} of {address} is in use", hint="daypass serve-credentials --port 0 …")
    if problem.errno == errno.EADDRNOTAVAIL:
        return ConfigError(f"{address} is not an address of this machine", hint=_network_command(address))
    reason = (problem.strerror or type(problem).__name__).lower()
    return ConfigError(f"cannot listen at {address}: {reason}")


def _network_command(address: str) -> str:
    if address not in SDK_LINK_LOCAL or ":" in address:
        return "--bind 127.0.0.1"
    return f"docker network create --subnet 169.254.170.0/24 --gateway {address} daypass"


def _tell(served: list[_Served], server: CredentialServer, address: str, *, as_json: bool) -> None:
    """What a consumer needs: for programs on standard output, for people on standard error."""
    rows: list[dict[str, object]] = []
    for each in served:
        place = ConsumerPlace(
            each.consumer.name,
            server.url,
            address,
            server.port,
            str(each.token_file),
            _variables(at_its_server(each.profile, os.environ)),
        )
        snippets = build_snippets(place)
        row = {
            "name": place.name,
            "profile": each.profile.name,
            "identity": identity_of(each.profile, os.environ),
            "token_file": place.token_file,
        }
        rows.append({**row, "snippets": snippets})
        if not as_json:
            _show(row, snippets)
    if as_json:
        data(json.dumps({"url": server.url, "port": server.port, "consumers": rows}))
    say(f"serving {server.url}; Ctrl-C ends it")


def _show(row: Mapping[str, object], snippets: Mapping[str, str]) -> None:
    say(f"{row['name']}: {row['identity']} (profile {row['profile']}), token in {row['token_file']}")
    for title, key in _TITLES:
        say(f"for {title}:")
        # As it is, so that it can be copied as it is.
        sys.stderr.write(f"\n{snippets[key]}\n\n")


def _variables(profile: Profile) -> dict[str, str]:
    """What the consumer cannot know without our configuration files."""
    variables: dict[str, str] = {}
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or profile.text("region")
    if region:
        variables |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    for service in _SERVICES:
        endpoint = profile.endpoint(service, os.environ)
        if endpoint:
            variables[f"AWS_ENDPOINT_URL_{service.upper()}"] = endpoint
    return variables
