"""HOT: a role over a login, answered from its cache; and the two things both paths must do alike.

`walk_chain` finds the login beneath a profile, `cache_text` names the cached credentials of a role. The slow path
(`client/role_profile.py`) uses the same two on properly parsed files; this file reads only plain ones, imports nothing but
`credential_cache`, and gives None for everything else: quoted names, keys in either file, vaults, circles.

Two forms make a role profile. AWS's own (`role_arn` and `source_profile`), which wins over all else a profile holds, and
ours (the same words behind `daypass_`, beside a `credential_process`), which a login in the same profile wins over.
"""

import os

from daypass.client import credential_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Environ = Mapping[str, str]
    Settings = Mapping[str, str]
    Sections = dict[str, dict[str, str]]

OWN = "daypass_"
"""Before the words of our form."""
ROLE_WORDS = (
    "role_arn",
    "role_session_name",
    "external_id",
    "duration_seconds",
    "mfa_serial",
    "source_identity",
    "tags",
    "transitive_tags",
    "policy_arns",
    "policy_file",
)
"""What makes one AssumeRole differ from another; the last five are ours only."""
FOLDER = ".daypass-roles"
"""Below the login cache: one folder for each login session, one file in it for each role."""


def is_native_role(settings: "Settings") -> bool:
    """AWS's form."""
    return bool(
        settings.get("role_arn")
        and settings.get("source_profile")
        and not settings.get("web_identity_token_file")
    )


def is_own_role(settings: "Settings") -> bool:
    """Our form, where no login stands beside it."""
    return bool(
        settings.get(OWN + "role_arn")
        and settings.get(OWN + "source_profile")
        and not settings.get("login_session")
    )


def source_of(settings: "Settings") -> str | None:
    """The profile whose credentials assume this one's role, or None where there is no role."""
    if is_native_role(settings):
        return settings["source_profile"]
    return settings[OWN + "source_profile"] if is_own_role(settings) else None


def walk_chain(profile: str, settings_of: "Callable[[str], Settings]") -> list[str]:
    """The profile, those beneath it, and last the one that has no role; one that was there before ends a circle.

    A source with access keys gives those, whatever role it names (AWS SDKs reference guide, "Assume role credential
    provider"; botocore decides so).
    """
    names = [profile]
    while True:
        settings = settings_of(names[-1])
        source = source_of(settings)
        if source is None or (len(names) > 1 and settings.get("aws_access_key_id")):
            return names
        names.append(source)
        if source in names[:-1]:
            return names


def role_values(settings: "Settings") -> dict[str, str]:
    """The words of the role without their prefix. AWS's own come first where AWS's form is used."""
    prefixes = ("", OWN) if is_native_role(settings) else (OWN,)
    found = {}
    for word in ROLE_WORDS:
        for prefix in prefixes:
            if settings.get(prefix + word):
                found[word] = settings[prefix + word]
                break
    return found


def own_sts_endpoint(settings: "Settings", services: "Settings", environ: "Environ") -> str:
    """Where STS answers instead of AWS's own, or nothing: variables, the services section, the profile."""
    named = (
        environ.get("AWS_ENDPOINT_URL_STS")
        or environ.get("AWS_ENDPOINT_URL")
        or services.get("sts.endpoint_url")
        or settings.get("endpoint_url")
        or ""
    )
    return named.rstrip("/")


def read_policy(values: "Settings") -> str:
    """What the role's policy file holds, or nothing where it names none. Raises OSError, UnicodeDecodeError."""
    if "policy_file" not in values:
        return ""
    with open(os.path.expanduser(values["policy_file"]), encoding="utf-8") as file:
        return file.read()


def cache_text(login_session: str, roles: "list[tuple[dict[str, str], str, str]]") -> str:
    """What names the credentials of the last of these roles: the login, and each role from it outward.

    Of a role: its words, its endpoint, and what `read_policy` gave, by which a policy file counts.
    """
    lines = ["daypass role 1", login_session]
    for values, endpoint, policy in roles:
        lines.append("endpoint=" + endpoint)
        for word in ROLE_WORDS:
            value = values.get(word)
            if value is not None and word == "policy_file":
                value = credential_cache.cache_file_name(policy)
            if value is not None:
                lines.append(word + "=" + value)
    return "\n".join(lines)


def role_directory(environ: "Environ", login_session: str) -> str:
    """Where the credentials of roles over this login lie."""
    folder = credential_cache.cache_file_name(login_session)[:-5]
    return os.path.join(credential_cache.cache_directory(environ), FOLDER, folder)


def read_plain_sections(text: str) -> "Sections":
    """The sections of a config text; settings of a nested block are `outer.inner`. Names in quotes are kept as they are."""
    sections: Sections = {}
    current = None
    block = ""
    for line in text.splitlines():
        if line[:1] == "[" and "]" in line:
            current = sections.setdefault(" ".join(line[1 : line.index("]")].split()), {})
            block = ""
        elif current is not None and "=" in line and line[0] not in "#;":
            key, _, value = line.partition("=")
            key, value = key.strip(), value.strip()
            if line[0].isspace() and block:
                current[block + key] = value
            else:
                block = "" if value else key + "."
                current[key] = value
    return sections


def answer(profile: str, environ: "Environ", now: float) -> str | None:
    """The credential-process output of a role profile whose credentials plainly live, or None."""
    try:
        with open(credential_cache.config_file(environ), encoding="utf-8") as file:
            config_text = file.read()
        if "role_arn" not in config_text:
            return None
        sections = read_plain_sections(config_text)
        path = _plain_path(profile, sections, environ)
    except (OSError, UnicodeDecodeError):
        return None
    token = None if path is None else credential_cache.fresh_credentials(path, now)
    return None if token is None else credential_cache.process_output(token)


def plain_role(profile: str, config_text: str, environ: "Environ") -> tuple[str, str] | None:
    """The login session beneath the profile, or "" where there plainly is none, and the role's ARN.

    None where it takes more to tell. Raises OSError, UnicodeDecodeError.
    """
    sections = read_plain_sections(config_text)
    chain = _plain_chain(profile, sections, environ)
    if chain is None:
        return None
    return _login_of(chain), role_values(chain[0])["role_arn"]


def _login_of(chain: "list[dict[str, str]]") -> str:
    last = chain[-1]
    return "" if last.get("aws_access_key_id") else last.get("login_session", "")


def _plain_chain(profile: str, sections: "Sections", environ: "Environ") -> "list[dict[str, str]] | None":
    """The settings of each profile of the chain, the login's last. Raises OSError, UnicodeDecodeError."""
    if "profile default" in sections or any("'" in name or '"' in name or "\\" in name for name in sections):
        return None

    def settings_of(name: str) -> dict[str, str]:
        return sections.get("default" if name == "default" else "profile " + name, {})

    names = walk_chain(profile, settings_of)
    is_circle, is_vault = names[-1] in names[:-1], "daypass_login_session" in settings_of(names[-1])
    if len(names) < 2 or is_circle or is_vault or _is_in_keys_file(names, environ):
        return None
    return [settings_of(name) for name in names]


def _plain_path(profile: str, sections: "Sections", environ: "Environ") -> str | None:
    """The cache file of the profile's role; None where it takes more to tell. Raises OSError, UnicodeDecodeError."""
    chain = _plain_chain(profile, sections, environ)
    login_session = "" if chain is None else _login_of(chain)
    if chain is None or not login_session:
        return None
    entry = os.path.join(
        credential_cache.cache_directory(environ), credential_cache.cache_file_name(login_session)
    )
    if not os.path.exists(entry):
        return None  # signed out, perhaps by another program
    endpoints = [_endpoint(settings, sections, environ) for settings in chain]
    roles = []
    for at, settings in enumerate(chain[:-1]):
        values = role_values(settings)
        roles.append((values, endpoints[at] or endpoints[-1], read_policy(values)))
    name = credential_cache.cache_file_name(cache_text(login_session, roles[::-1]))
    return os.path.join(role_directory(environ, login_session), name)


def _endpoint(settings: "Settings", sections: "Sections", environ: "Environ") -> str:
    services = sections.get("services " + settings.get("services", ""), {})
    return own_sts_endpoint(settings, services, environ)


def _is_in_keys_file(names: list[str], environ: "Environ") -> bool:
    """Whether the credentials file says something about one of these profiles."""
    named = environ.get("AWS_SHARED_CREDENTIALS_FILE") or os.path.join("~", ".aws", "credentials")
    try:
        with open(os.path.expanduser(named), encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return False
    return any("[" + name + "]" in text for name in names)


def main(argv: list[str]) -> bool:
    """As `credential_cache.main`, for a profile that is a role."""
    profile = credential_cache.plain_profile(argv, os.environ)
    if profile is None:
        return False
    import time

    text = answer(profile, os.environ, time.time())
    if text is None:
        return False
    os.write(1, text.encode("ascii"))
    return True
