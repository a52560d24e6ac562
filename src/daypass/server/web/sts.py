"""The STS API (2011-06-15): one table from action to flow.

Parameters are `sts_parameters.py`'s, answers `sts_answers.py`'s; what an action means stands in `flows/`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from daypass.protocol.aws.query import STS_NAMESPACE
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.managed_policies import SHIPPED_POLICIES
from daypass.server.domain.token_size import enlarge
from daypass.server.domain.unsigned_call import FederatedRole
from daypass.server.flows.access_key_info import get_access_key_info
from daypass.server.flows.assume_role import RoleAssumption
from daypass.server.flows.assume_role_with_saml import SamlRoleAssumption
from daypass.server.flows.assume_role_with_web_identity import WebIdentityRoleAssumption
from daypass.server.flows.caller_identity import get_caller_identity
from daypass.server.flows.decode_authorization_message import AuthorizationMessages
from daypass.server.flows.federation_token import FederationTokens
from daypass.server.flows.second_factor import OneTimeCodes
from daypass.server.flows.session_policy_check import StoredPolicies
from daypass.server.flows.session_token import SessionTokens
from daypass.server.flows.web_identity_token import WebIdentityTokens
from daypass.server.ports.clock import Randomness
from daypass.server.ports.oidc import OpenIdRelyingParty
from daypass.server.ports.saml import SamlServiceProvider
from daypass.server.ports.storage import Storage
from daypass.server.web import sts_answers as answers
from daypass.server.web import sts_parameters as given
from daypass.server.web.query_operation import Operation, Parameter

__all__ = ["STS_NAMESPACE", "STS_UNSERVED", "STS_VERSION", "UNSIGNED_ACTIONS", "build_sts_operations"]

STS_VERSION = "2011-06-15"
UNSIGNED_ACTIONS = frozenset({"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})
"""Those whose proof is in their parameters: their flows take an `UnsignedCall`, and a signature is not looked at."""
STS_UNSERVED = frozenset(
    {
        "AssumeRoot",
        "GetDelegatedAccessToken",
    }
)
"""Actions of the model that this server does not have."""

_Flow = Callable[..., Awaitable[Any]]


def build_sts_operations(
    *,
    storage: Storage,
    ring: KeyRing,
    randomness: Randomness,
    saml: SamlServiceProvider,
    oidc: OpenIdRelyingParty,
    external_url: str,
    alternate_urls: frozenset[str],
) -> Mapping[str, Operation]:
    """Every STS action served. The URLs have no trailing slash."""
    second_factor = OneTimeCodes(storage.mfa_devices, storage.attempts, ring)
    stored = StoredPolicies(storage.policies, SHIPPED_POLICIES)
    with_role = RoleAssumption(storage, ring, randomness, second_factor, stored)
    with_saml = SamlRoleAssumption(storage, ring, randomness, saml, alternate_urls | {external_url}, stored)
    with_web_identity = WebIdentityRoleAssumption(storage, ring, randomness, oidc, stored)
    session_tokens = SessionTokens(ring, randomness, second_factor)
    federation_tokens = FederationTokens(ring, randomness, stored)
    return {
        **_plain_rows(ring, WebIdentityTokens(storage, ring, randomness, external_url)),
        "AssumeRole": _assume_role(ring, with_role.assume_role),
        "AssumeRoleWithSAML": _assume_role_with_saml(ring, with_saml.assume_role),
        "AssumeRoleWithWebIdentity": _assume_role_with_web_identity(ring, with_web_identity.assume_role),
        "GetSessionToken": _session_token(ring, session_tokens.get_session_token),
        "GetFederationToken": _federation_token(ring, federation_tokens.get_federation_token),
    }


def _plain_rows(ring: KeyRing, tokens: WebIdentityTokens) -> Mapping[str, Operation]:
    """Those that hand out no credentials."""
    return {
        "GetCallerIdentity": Operation(get_caller_identity, answers.caller_identity),
        "GetAccessKeyInfo": Operation(
            get_access_key_info, lambda account_id: {"Account": account_id}, (given.ACCESS_KEY_ID,)
        ),
        "DecodeAuthorizationMessage": Operation(
            AuthorizationMessages(ring).decode,
            lambda decoded: {"DecodedMessage": decoded},
            (given.ENCODED_MESSAGE,),
        ),
        "GetWebIdentityToken": Operation(
            tokens.get_web_identity_token,
            answers.web_identity_token,
            (given.AUDIENCE, given.SIGNING_ALGORITHM, given.TOKEN_DURATION, given.TAGS),
            is_audited=True,
            audit_result=lambda made: {"expiresAt": made.expires_at},
        ),
    }


def _assume_role(ring: KeyRing, flow: _Flow) -> Operation:
    parameters = (
        given.ROLE_ARN,
        given.SESSION_NAME,
        given.DURATION,
        given.EXTERNAL_ID,
        given.SOURCE_IDENTITY,
        given.TAGS,
        given.TRANSITIVE_TAG_KEYS,
        *given.SESSION_POLICIES,
        *given.ONE_TIME_CODE,
    )
    return _credentials_row(ring, flow, answers.assumed_role, answers.assumed_role_audit, parameters)


def _assume_role_with_saml(ring: KeyRing, flow: _Flow) -> Operation:
    parameters = (
        given.ROLE_ARN,
        given.PRINCIPAL_ARN,
        given.SAML_ASSERTION,
        given.DURATION,
        *given.SESSION_POLICIES,
    )
    return _credentials_row(ring, flow, answers.saml_role, answers.federated_role_audit, parameters)


def _assume_role_with_web_identity(ring: KeyRing, flow: _Flow) -> Operation:
    parameters = (
        given.ROLE_ARN,
        given.SESSION_NAME,
        given.WEB_IDENTITY_TOKEN,
        given.DURATION,
        *given.SESSION_POLICIES,
    )
    return _credentials_row(ring, flow, answers.web_identity_role, answers.federated_role_audit, parameters)


def _session_token(ring: KeyRing, flow: _Flow) -> Operation:
    parameters = (given.DURATION, *given.ONE_TIME_CODE)
    return _credentials_row(ring, flow, answers.session_credentials, answers.credentials_audit, parameters)


def _federation_token(ring: KeyRing, flow: _Flow) -> Operation:
    parameters = (given.FEDERATED_NAME, given.DURATION, given.TAGS, *given.SESSION_POLICIES)
    return _credentials_row(ring, flow, answers.federated_user, answers.credentials_audit, parameters)


def _credentials_row(
    ring: KeyRing,
    flow: _Flow,
    answer: Callable[[Any], Mapping[str, Any]],
    audit: Callable[[Any], Mapping[str, str | int | bool]],
    parameters: tuple[Parameter, ...],
) -> Operation:
    """Each of them is audited, and each makes its session token as long as it is asked to."""

    async def run(call: Any, *, minimum_session_token_size: int = 0, **arguments: Any) -> Any:
        made = await flow(call, **arguments)
        if isinstance(made, FederatedRole):
            return replace(made, assumed=enlarge(ring, made.assumed, minimum=minimum_session_token_size))
        return enlarge(ring, made, minimum=minimum_session_token_size)

    return Operation(
        run, answer, (*parameters, given.MINIMUM_TOKEN_SIZE), is_audited=True, audit_result=audit
    )
