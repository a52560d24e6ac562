"""The parameters of the IAM API: how each is spelled, read and checked (IAM reference, request parameters)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from daypass.protocol.aws.errors import ValidationError
from daypass.server.domain import identifiers
from daypass.server.domain.identifiers import constraint_refusal
from daypass.server.domain.password_policy import check_password_text
from daypass.server.domain.resource_tags import MAX_TAGS, check_tag_key, check_tag_value, collect_tags
from daypass.server.web.query_operation import (
    ListParameter,
    Parameter,
    StructureListParameter,
    read_boolean,
    read_integer,
)

__all__ = [
    "CHANGED_PASSWORDS",
    "MARKED_PAGE",
    "NEW_PASSWORD",
    "PAGE",
    "PASSWORD_RESET_REQUIRED",
    "POLICY",
    "POLICY_ARN",
    "POLICY_FILTERS",
    "POLICY_VERSION",
    "ROLE",
    "ROLE_DESCRIPTION",
    "ROLE_NAME",
    "ROLE_UPDATE",
    "TAGS",
    "TAG_KEYS",
    "TRUST_POLICY",
    "USER_NAME",
    "USER_PATH",
    "enumerated",
    "named",
    "required",
]


def required(parameter: Parameter) -> Parameter:
    """The same parameter where it may not be left out."""
    return replace(parameter, is_required=True)


def named(parameter: Parameter, keyword: str) -> Parameter:
    """The same parameter for a flow that spells it otherwise."""
    return replace(parameter, keyword=keyword)


def _policy_name(member: str, text: str) -> str:
    return identifiers.check_name(member, text, most=128)


def _document(member: str, text: str) -> str:
    return identifiers.check_length(member, text, least=1, most=131_072)


def _description(member: str, text: str) -> str:
    return identifiers.check_text(member, text, most=1000)


def _marker(member: str, text: str) -> str:
    return identifiers.check_length(member, text, least=1, most=320)


def _version_id(member: str, text: str) -> str:
    return identifiers.check_length(member, text, least=1, most=64)


def enumerated(*texts: str) -> Callable[[str, str], str]:
    """One of these texts."""

    def read(member: str, text: str) -> str:
        if text not in texts:
            raise constraint_refusal(member, f"Member must satisfy enum value set: [{', '.join(texts)}]")
        return text

    return read


@dataclass(frozen=True, slots=True)
class _TagsParameter(StructureListParameter):
    """Tags, checked as a whole too: reserved keys, and keys that differ only in case."""

    def value(self, parameters: Mapping[str, str]) -> object:
        pairs = [
            (check_tag_key(f"{place}.key", tag["Key"]), check_tag_value(f"{place}.value", tag["Value"]))
            for place, tag in self.structures(parameters)
        ]
        return collect_tags(pairs)


def _must_be(only: str) -> Callable[[str, str], None]:
    def read(member: str, text: str) -> None:
        if text != only:
            raise ValidationError(f"The parameter {member} is supported with the value {only} only")

    return read


USER_NAME = Parameter("UserName", "user_name", identifiers.check_name)
USER_PATH = Parameter("Path", "path", identifiers.check_path)
NEW_PASSWORD = Parameter("Password", "password", check_password_text, is_logged=False)
PASSWORD_RESET_REQUIRED = Parameter("PasswordResetRequired", "password_reset_required", read_boolean)
CHANGED_PASSWORDS = (
    Parameter("OldPassword", "old_password", check_password_text, is_required=True, is_logged=False),
    Parameter("NewPassword", "new_password", check_password_text, is_required=True, is_logged=False),
)
MARKED_PAGE = (
    Parameter("Marker", "marker", _marker),
    Parameter("MaxItems", "max_items", read_integer(1, 1000)),
)
PAGE = (Parameter("PathPrefix", "path_prefix", identifiers.check_path_prefix), *MARKED_PAGE)
TAGS = _TagsParameter("Tags", "tags", most=MAX_TAGS, fields=("Key", "Value"), logged_field="Key")
TAG_KEYS = ListParameter("TagKeys", "tag_keys", check_tag_key, is_required=True, most=MAX_TAGS)
POLICY_ARN = Parameter("PolicyArn", "policy_arn", identifiers.check_policy_arn, is_required=True)
POLICY_VERSION = Parameter("VersionId", "version_id", _version_id, is_required=True)
POLICY = (
    Parameter("PolicyName", "policy_name", _policy_name, is_required=True),
    Parameter("PolicyDocument", "document", _document, is_required=True, is_logged=False),
    Parameter("Path", "path", identifiers.check_policy_path),
    Parameter("Description", "description", _description),
)
POLICY_FILTERS = (
    Parameter("Scope", "scope", enumerated("All", "AWS", "Local")),
    Parameter("OnlyAttached", "", _must_be("false")),
    Parameter("PolicyUsageFilter", "", _must_be("PermissionsPolicy")),
)
ROLE_NAME = Parameter("RoleName", "role_name", identifiers.check_name, is_required=True)
ROLE_DESCRIPTION = Parameter("Description", "description", _description)
TRUST_POLICY = Parameter("PolicyDocument", "trust_policy", _document, is_required=True, is_logged=False)
_MAX_SESSION_DURATION = Parameter("MaxSessionDuration", "max_session_duration", read_integer(3600, 43_200))
ROLE_UPDATE = (ROLE_NAME, ROLE_DESCRIPTION, _MAX_SESSION_DURATION)
ROLE = (
    ROLE_NAME,
    replace(TRUST_POLICY, name="AssumeRolePolicyDocument"),
    USER_PATH,
    ROLE_DESCRIPTION,
    _MAX_SESSION_DURATION,
    TAGS,
)
