"""The two questions sign-in asks of policy (Service Authorization Reference, AWS Signin).

`signin:AuthorizeOAuth2Access` is asked in the browser before a code is made, `signin:CreateOAuth2Token` at
the token endpoint for every grant. Resource and condition keys are those of the reference; root needs no
policy (`domain.principal.authorize`).
"""

from daypass.policy.decision import Decision
from daypass.policy.request_context import ConditionValue
from daypass.protocol.oauth.registered_client import CROSS_DEVICE
from daypass.server.domain.audit import Caller
from daypass.server.domain.principal import PrincipalSnapshot, authorize
from daypass.server.domain.role_session import (
    RoleSession,
    federated_provider_of,
    principal_tag_values,
    session_values,
)
from daypass.server.domain.session import SignInSession
from daypass.server.domain.session_values import presence_values
from daypass.server.domain.tokens import CodeClaims, RefreshClaims

__all__ = [
    "AUTHORIZE_ACTION",
    "GRANTING_POLICY_ARN",
    "GRANTING_POLICY_NAME",
    "TOKEN_ACTION",
    "authorize_code",
    "authorize_tokens",
    "client_resource",
]

AUTHORIZE_ACTION = "signin:AuthorizeOAuth2Access"
TOKEN_ACTION = "signin:CreateOAuth2Token"  # noqa: S105 - an action's name
GRANTING_POLICY_NAME = "SignInLocalDevelopmentAccess"
GRANTING_POLICY_ARN = f"arn:aws:iam::aws:policy/{GRANTING_POLICY_NAME}"
"""The managed policy that allows both actions."""


def client_resource(client_id: str, *, region: str, account_id: str) -> str:
    """The ARN of a devtools client inside one account."""
    place = "remote" if client_id == CROSS_DEVICE else "localhost"
    return f"arn:aws:signin:{region}:{account_id}:oauth2/public-client/{place}"


def authorize_code(
    snapshot: PrincipalSnapshot,
    session: SignInSession,
    *,
    client_id: str,
    redirect_uri: str,
    caller: Caller,
    now: int,
    region: str,
) -> Decision:
    """May this principal, signed in with this session, let this client act for it?"""
    return authorize(
        snapshot,
        action=AUTHORIZE_ACTION,
        resource=client_resource(client_id, region=region, account_id=snapshot.account_id),
        caller=caller,
        now=now,
        region=region,
        userid=session.principal_id,
        condition_values={
            **_role_session_values(snapshot, session.role_session),
            **presence_values(session.mfa_at, now=now),
            "signin:OAuthClientId": client_id,
            "signin:OAuthRedirectUri": redirect_uri,
        },
    )


def authorize_tokens(
    snapshot: PrincipalSnapshot,
    claims: CodeClaims | RefreshClaims,
    *,
    role_session: RoleSession | None,
    redirect_uri: str | None,
    caller: Caller,
    now: int,
    region: str,
) -> Decision:
    """May this principal have tokens? `redirect_uri` is given on the code grant, None on a refresh.

    The claims' `principal_id` is aws:userid, with the session name of a role session.
    """
    condition_values = _role_session_values(snapshot, role_session)
    condition_values |= presence_values(claims.mfa_at, now=now)
    condition_values["signin:OAuthClientId"] = claims.client_id
    condition_values["signin:OAuthGrantType"] = (
        "refresh_token" if redirect_uri is None else "authorization_code"
    )
    condition_values["signin:OAuthClientAuthentication"] = "none"
    if redirect_uri is not None:
        condition_values["signin:OAuthRedirectUri"] = redirect_uri
    return authorize(
        snapshot,
        action=TOKEN_ACTION,
        resource=client_resource(claims.client_id, region=region, account_id=snapshot.account_id),
        caller=caller,
        now=now,
        region=region,
        userid=claims.principal_id,
        condition_values=condition_values,
    )


def _role_session_values(
    snapshot: PrincipalSnapshot, role_session: RoleSession | None
) -> dict[str, ConditionValue]:
    """The condition keys of a role session as they are now; of a user, its tags; of root, none."""
    if snapshot.kind != "role":
        return principal_tag_values(snapshot.tags)
    session = role_session or RoleSession(snapshot.arn)
    return session_values(
        source_identity=session.source_identity,
        federated_provider=federated_provider_of(session.identity),
        tags=session.tags,
        role_tags=snapshot.tags,
    )
