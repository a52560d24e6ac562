"""The environment of a command that gets its credentials from an endpoint. Pure: mappings in, mappings out.

SDKs look in many places before they ask an endpoint: variables, profiles in two files, tokens (AWS SDKs
reference guide, "Standardized credential providers"). So the child gets a configuration of its own, which says
everything the profile says except where credentials come from, and none of the variables that would win.
"""

from collections.abc import Mapping

from daypass.client.aws_config import Profile
from daypass.client.ini_text import Setting, set_values
from daypass.client.narrow_profile import NARROW_SETTINGS
from daypass.client.role_answer import OWN, ROLE_WORDS
from daypass.secret import Secret

__all__ = ["CREDENTIAL_SETTINGS", "build_child_config", "build_child_environment"]

_SHADOWING_VARIABLES = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    }
)

_OWN_ROLE_SETTINGS = tuple(OWN + word for word in ("source_profile", *ROLE_WORDS))

CREDENTIAL_SETTINGS = frozenset(
    {
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "credential_process",
        "credential_source",
        "daypass_login_session",
        "daypass_storage",
        *NARROW_SETTINGS,
        *_OWN_ROLE_SETTINGS,
        "duration_seconds",
        "external_id",
        "login_session",
        "mfa_serial",
        "role_arn",
        "role_session_name",
        "source_profile",
        "sso_account_id",
        "sso_region",
        "sso_registration_scopes",
        "sso_role_name",
        "sso_session",
        "sso_start_url",
        "web_identity_token_file",
    }
)
"""Settings of a profile that say where credentials come from."""


def build_child_config(profile: Profile) -> str:
    """An AWS config file in which `[default]` is this profile without its credentials."""
    settings: dict[str, Setting | None] = {
        key: value for key, value in profile.settings.items() if key not in CREDENTIAL_SETTINGS
    }
    text = set_values("", "default", settings)
    named = profile.text("services")
    if named and profile.services:
        text = set_values(text, f"services {named}", dict(profile.services))
    return text


def build_child_environment(
    environ: Mapping[str, str],
    *,
    profile: Profile,
    config_path: str,
    keys_path: str,
    url: str,
    token: Secret,
) -> dict[str, str]:
    """The variables of the child. `keys_path` names a credentials file that does not exist."""
    child = {name: value for name, value in environ.items() if name not in _SHADOWING_VARIABLES}
    child |= {
        "AWS_CONFIG_FILE": config_path,
        "AWS_SHARED_CREDENTIALS_FILE": keys_path,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": url,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": token.reveal(),
        "DAYPASS_PROFILE": profile.name,
    }
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or profile.text("region")
    if region:
        # Two names: older SDKs and the AWS CLI read only the second.
        child |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    return child
