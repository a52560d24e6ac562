"""The parameters of the STS API: what each may be, by the constraints of the STS API reference.

Bounds stand before anything reads a value: some callers are strangers. What a value means is the flows' business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from daypass.secret import Secret
from daypass.server.domain.identifiers import (
    check_arn_length,
    check_external_id,
    check_federated_name,
    check_length,
    check_policy_arn,
    check_serial_number,
    check_session_name,
    check_text,
    check_token_code,
    constraint_refusal,
)
from daypass.server.domain.resource_tags import check_tag_key
from daypass.server.domain.session_scope import MAX_SESSION_POLICY_ARNS
from daypass.server.domain.session_tags import MAX_SESSION_TAGS, check_session_tags
from daypass.server.domain.token_size import MAX_SESSION_TOKEN_SIZE
from daypass.server.domain.web_identity_token import Algorithm
from daypass.server.web.query_operation import (
    ListParameter,
    Parameter,
    StructureListParameter,
    read_integer,
    read_whole_number,
)

__all__ = [
    "ACCESS_KEY_ID",
    "AUDIENCE",
    "DURATION",
    "ENCODED_MESSAGE",
    "EXTERNAL_ID",
    "FEDERATED_NAME",
    "MINIMUM_TOKEN_SIZE",
    "ONE_TIME_CODE",
    "PRINCIPAL_ARN",
    "ROLE_ARN",
    "SAML_ASSERTION",
    "SESSION_NAME",
    "SESSION_POLICIES",
    "SIGNING_ALGORITHM",
    "SOURCE_IDENTITY",
    "TAGS",
    "TOKEN_DURATION",
    "TRANSITIVE_TAG_KEYS",
    "WEB_IDENTITY_TOKEN",
]


@dataclass(frozen=True, slots=True)
class _SessionTags(StructureListParameter):
    """Tags, checked as a whole too."""

    def value(self, parameters: Mapping[str, str]) -> object:
        return check_session_tags((tag["Key"], tag["Value"]) for _, tag in self.structures(parameters))


def _audience(member: str, text: str) -> str:
    return check_length(member, text, least=1, most=1000)


def _algorithm(member: str, text: str) -> str:
    served = get_args(Algorithm)
    if text not in served:
        raise constraint_refusal(member, f"Member must satisfy enum value set: [{', '.join(served)}]")
    return text


def _session_policy(member: str, text: str) -> str:
    """Only its bounds; what it says is `domain.session_scope`'s business."""
    return check_text(member, check_length(member, text, least=1, most=131_072), most=131_072)


@dataclass(frozen=True, slots=True)
class _PolicyArns(StructureListParameter):
    """`PolicyArns.member.1.arn=…`: the value is the ARNs."""

    def value(self, parameters: Mapping[str, str]) -> object:
        return tuple(
            check_policy_arn(f"{place}.arn", named["arn"]) for place, named in self.structures(parameters)
        )


def _assertion(member: str, text: str) -> str:
    return check_length(member, text, least=4, most=100_000)


def _token(member: str, text: str) -> Secret:
    return Secret(check_length(member, text, least=4, most=20_000))


def _encoded_message(member: str, text: str) -> str:
    return check_length(member, text, least=1, most=10_240)


def _access_key_id(member: str, text: str) -> str:
    return check_length(member, text, least=16, most=128)


ROLE_ARN = Parameter("RoleArn", "role_arn", check_arn_length, is_required=True)
SESSION_NAME = Parameter("RoleSessionName", "role_session_name", check_session_name, is_required=True)
DURATION = Parameter("DurationSeconds", "duration_seconds", read_whole_number)
ONE_TIME_CODE = (
    Parameter("SerialNumber", "serial_number", check_serial_number),
    Parameter("TokenCode", "token_code", check_token_code, is_logged=False),
)
TAGS = _SessionTags("Tags", "tags", most=MAX_SESSION_TAGS, fields=("Key", "Value"), logged_field="Key")
SESSION_POLICIES = (
    Parameter("Policy", "policy", _session_policy, is_logged=False),
    _PolicyArns(
        "PolicyArns", "policy_arns", most=MAX_SESSION_POLICY_ARNS, fields=("arn",), logged_field="arn"
    ),
)
EXTERNAL_ID = Parameter("ExternalId", "external_id", check_external_id, is_logged=False)
SOURCE_IDENTITY = Parameter("SourceIdentity", "source_identity", check_session_name)
TRANSITIVE_TAG_KEYS = ListParameter(
    "TransitiveTagKeys", "transitive_tag_keys", check_tag_key, most=MAX_SESSION_TAGS
)
MINIMUM_TOKEN_SIZE = Parameter(
    "MinimumSessionTokenSize", "minimum_session_token_size", read_integer(0, MAX_SESSION_TOKEN_SIZE)
)
FEDERATED_NAME = Parameter("Name", "name", check_federated_name, is_required=True)
PRINCIPAL_ARN = Parameter("PrincipalArn", "principal_arn", check_arn_length, is_required=True)
SAML_ASSERTION = Parameter("SAMLAssertion", "saml_assertion", _assertion, is_required=True, is_logged=False)
WEB_IDENTITY_TOKEN = Parameter(
    "WebIdentityToken", "web_identity_token", _token, is_required=True, is_logged=False
)
ACCESS_KEY_ID = Parameter("AccessKeyId", "access_key_id", _access_key_id, is_required=True)
ENCODED_MESSAGE = Parameter(
    "EncodedMessage", "encoded_message", _encoded_message, is_required=True, is_logged=False
)
AUDIENCE = ListParameter("Audience", "audience", _audience, is_required=True, most=10)
SIGNING_ALGORITHM = Parameter("SigningAlgorithm", "signing_algorithm", _algorithm, is_required=True)
TOKEN_DURATION = Parameter("DurationSeconds", "duration_seconds", read_integer(60, 3600))
"""Of a web identity token."""
