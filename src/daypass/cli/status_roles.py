"""The roles over logins, as `daypass status` shows them: beneath their login, with what is cached of each.

Reads files only. Profiles whose roles stand on something else than a login are no business of ours.
"""

from collections.abc import Mapping

from daypass.client.aws_config import AwsConfig
from daypass.client.role_profile import RoleChain, find_chain
from daypass.client.role_store import open_role_store
from daypass.client.session_cache import SessionSummary
from daypass.errors import CacheError, ConfigError

__all__ = ["chains_by_login", "role_summary"]


def chains_by_login(config: AwsConfig, environ: Mapping[str, str]) -> dict[str, list[RoleChain]]:
    """Every role profile, by the name of the profile whose login it stands on."""
    found: dict[str, list[RoleChain]] = {}
    for name in config.profile_names():
        try:
            chain = find_chain(config, config.profile(name), environ)
        except ConfigError:
            continue
        if chain is not None and chain.login_session:
            found.setdefault(chain.login.name, []).append(chain)
    return found


def role_summary(chain: RoleChain, environ: Mapping[str, str]) -> SessionSummary | None:
    """What is cached of the role, or None; damage counts as nothing, because the next use mends it."""
    try:
        return open_role_store(chain, environ, may_prompt=False).summary(chain.role.cache_text)
    except CacheError:
        return None
