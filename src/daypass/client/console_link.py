"""A profile's credentials become a link that opens the console, or a daypass server's pages, signed in.

The federation endpoint trades the three values of temporary credentials for a sign-in token of 15 minutes (IAM user
guide, "Enable custom identity broker access to the AWS console"). AWS is asked as its guide asks it, by GET; a daypass
server by POST, so that no log on the way sees a secret. The link is as good as the credentials until it is opened.
"""

import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

from daypass.client.session_cache import CacheEntry
from daypass.client.transport import Send
from daypass.errors import LoginDenied, NetworkError, RemoteProtocolError, UsageError
from daypass.protocol.aws.endpoints import console_endpoint, partition_of_region
from daypass.protocol.http import Request, Response
from daypass.secret import Secret

__all__ = ["ConsolePlace", "build_console_link", "check_destination", "console_place"]

MIN_DURATION = 900
"""Seconds."""
MAX_DURATION = 43_200
"""Seconds."""
_LONGEST_TOLD = 200


@dataclass(frozen=True, slots=True)
class ConsolePlace:
    """Where links are made, and where they lead."""

    federation_url: str
    origin: str
    """Of the pages."""
    home: str
    """The first page, a path."""
    is_own: bool = field(default=False)
    """A daypass server, not AWS."""


def console_place(region: str, own_endpoint: str | None) -> ConsolePlace:
    """The partition's console, or the daypass server at `own_endpoint`. Raises ConfigError for a bad region."""
    if own_endpoint:
        return ConsolePlace(f"{own_endpoint}/federation", own_endpoint, "/", is_own=True)
    host = partition_of_region(region).signin_host.removeprefix("{region}.")
    home = "/console/home?" + urlencode({"region": region})
    return ConsolePlace(f"https://{host}/federation", console_endpoint(region), home)


def check_destination(place: ConsolePlace, destination: str | None) -> str:
    """The URL behind the sign-in: a path of the place, or a whole URL. Raises UsageError."""
    wanted = destination or place.home
    if wanted.startswith("/") and not wanted.startswith("//"):
        wanted = place.origin + wanted
    if (
        not wanted.startswith(("https://", f"{place.origin}/"))
        or not wanted.isascii()
        or not wanted.isprintable()
    ):
        raise UsageError(
            "a destination is an https URL or a path like /s3/buckets", hint="daypass console --help"
        )
    return wanted


def build_console_link(
    entry: CacheEntry, place: ConsolePlace, *, destination: str, duration: int | None, send: Send
) -> Secret:
    """Ask for a token and put the link together.

    Raises LoginDenied when the endpoint refuses these credentials, NetworkError, RemoteProtocolError. No text of
    these holds a part of the request.
    """
    session = {
        "sessionId": entry.access_key_id,
        "sessionKey": entry.secret_access_key.reveal(),
        "sessionToken": entry.session_token.reveal(),
    }
    values = {"Action": "getSigninToken", "Session": json.dumps(session)}
    if duration is not None:
        values["SessionDuration"] = str(duration)
    token = _read_token(_ask(place, urlencode(values), send), place, asked_duration=duration is not None)
    values = {"Action": "login", "Destination": destination, "SigninToken": token}
    return Secret(f"{place.federation_url}?{urlencode(values)}")


def _ask(place: ConsolePlace, values: str, send: Send) -> Response:
    if place.is_own:
        headers = (("Content-Type", "application/x-www-form-urlencoded"),)
        request = Request("POST", place.federation_url, headers, values.encode())
    else:
        request = Request("GET", f"{place.federation_url}?{values}")
    try:
        return send(request)
    except NetworkError as problem:
        # Its hint would name the URL, and the URL holds the credentials.
        raise NetworkError(problem.message, hint=f"curl -I {place.federation_url}") from None


def _read_token(response: Response, place: ConsolePlace, *, asked_duration: bool) -> str:
    if response.status >= 500:
        raise NetworkError("the federation endpoint failed", hint="try again in a moment")
    if response.status != 200:
        told = ""
        if place.is_own:  # our own server's sentences are for people
            line = response.body[:_LONGEST_TOLD].decode("ascii", "replace").partition("\n")[0]
            told = f": {line}" if line.isprintable() and line else ""
        raise LoginDenied(
            f"the federation endpoint refused these credentials{told}",
            hint="leave out --duration" if asked_duration else "",
            detail=f"status {response.status}",
        )
    try:
        token = json.loads(response.body)["SigninToken"]
    except (ValueError, KeyError, TypeError, RecursionError):
        token = None
    if not isinstance(token, str) or not token:
        raise RemoteProtocolError("the federation endpoint answered with something else than a sign-in token")
    return token
