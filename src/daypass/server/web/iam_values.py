"""The parameters of the IAM API: how each is spelled, read and checked (IAM reference, request parameters)."""

from collections.abc import Callable
from dataclasses import replace

from daypass.protocol.aws.errors import ValidationError
from daypass.server.domain import identifiers
from daypass.server.domain.identifiers import constraint_refusal
from daypass.server.domain.password_policy import check_password_text
from daypass.server.web.query_operation import Parameter, read_boolean, read_integer

__all__ = [
    "CHANGED_PASSWORDS",
    "NEW_PASSWORD",
    "PAGE",
    "PASSWORD_RESET_REQUIRED",
    "POLICY",
    "POLICY_ARN",
    "POLICY_FILTERS",
    "POLICY_VERSION",
    "ROLE",
    "ROLE_NAME",
    "USER_NAME",
    "USER_PATH",
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


def _scope(member: str, text: str) -> str:
    if text not in ("All", "AWS", "Local"):
        raise constraint_refusal(member, "Member must satisfy enum value set: [All, AWS, Local]")
    return text


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
PAGE = (
    Parameter("PathPrefix", "path_prefix", identifiers.check_path_prefix),
    Parameter("Marker", "marker", _marker),
    Parameter("MaxItems", "max_items", read_integer(1, 1000)),
)
POLICY_ARN = Parameter("PolicyArn", "policy_arn", identifiers.check_policy_arn, is_required=True)
POLICY_VERSION = Parameter("VersionId", "version_id", _version_id, is_required=True)
POLICY = (
    Parameter("PolicyName", "policy_name", _policy_name, is_required=True),
    Parameter("PolicyDocument", "document", _document, is_required=True, is_logged=False),
    Parameter("Path", "path", identifiers.check_policy_path),
    Parameter("Description", "description", _description),
)
POLICY_FILTERS = (
    Parameter("Scope", "scope", _scope),
    Parameter("OnlyAttached", "", _must_be("false")),
    Parameter("PolicyUsageFilter", "", _must_be("PermissionsPolicy")),
)
ROLE_NAME = Parameter("RoleName", "role_name", identifiers.check_name, is_required=True)
ROLE = (
    ROLE_NAME,
    Parameter("AssumeRolePolicyDocument", "trust_policy", _document, is_required=True, is_logged=False),
    USER_PATH,
    Parameter("Description", "description", _description),
    Parameter("MaxSessionDuration", "max_session_duration", read_integer(3600, 43_200)),
)
