"""Who sent a Query or JSON request: the signature is found, its token opened, its proof verified, in this order.

The only maker of `VerifiedCall`. Until `verify_signature` returns, everything read from the request is
unverified. A principal that no longer exists is refused like an unknown key, whatever life its
credentials have left; a changed password ends no live credentials (as in AWS).
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from daypass.protocol.aws.errors import InvalidClientTokenId, SignatureDoesNotMatch
from daypass.protocol.aws.sigv4 import (
    EMPTY_PAYLOAD_HASH,
    IAM_RULES,
    SIGNIN_RULES,
    STS_RULES,
    ServiceRules,
    UnverifiedSignature,
    WireRequest,
    find_signature,
    verify_signature,
)
from daypass.protocol.aws.unverified_signature import ECDSA
from daypass.server.domain.audit import Caller
from daypass.server.domain.caller_credentials import ancestors_of, check_ancestor_lives, check_login_lives
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.flows.open_credentials import open_credentials
from daypass.server.ports.principals import PrincipalDirectory

__all__ = ["authenticate"]

_QUERY_SERVICES: Mapping[str, ServiceRules] = {
    "sts": STS_RULES,
    "iam": IAM_RULES,
    "signin": SIGNIN_RULES,
}
_GLOBAL_REGION = "aws-global"
_is_region = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*").fullmatch


async def authenticate(
    scope: Mapping[str, Any],
    body: bytes,
    *,
    ring: KeyRing,
    directory: PrincipalDirectory,
    caller: Caller,
    now: int,
    services: Mapping[str, ServiceRules] = _QUERY_SERVICES,
) -> tuple[str, VerifiedCall]:
    """The service the request is signed for, one of `services`, and the proven call.

    Any well-formed region is accepted: there is one server behind all of them, and clients name the one
    they are set to. Raises MissingAuthenticationToken, IncompleteSignature, InvalidClientTokenId,
    ExpiredToken, SignatureDoesNotMatch, UnsupportedSignature.
    """
    request = read_wire_request(scope)
    unverified = find_signature(request)
    rules = services.get(unverified.service)
    if rules is None:
        raise SignatureDoesNotMatch(
            f"Credential should be scoped to correct service: '{next(iter(services))}'."
        )
    region = requested_region(unverified)
    claims, secret_access_key = await open_credentials(
        ring,
        directory,
        access_key_id=unverified.access_key_id,
        session_token=unverified.session_token,
        now=now,
    )
    verify_signature(
        unverified,
        request,
        secret_access_key,
        now=now,
        rules=rules,
        payload_hash=sha256(body).hexdigest() if body else EMPTY_PAYLOAD_HASH,
    )
    principal = await directory.load(claims.account_id, claims.principal_kind, claims.principal_id)
    if principal is None:
        raise InvalidClientTokenId(
            "The security token included in the request is invalid.", detail="the principal no longer exists"
        )
    check_login_lives(principal, claims)
    for ancestor in ancestors_of(claims):
        check_ancestor_lives(await directory.load(*ancestor), claims)
    session_policies = await directory.load_session_policies(claims.account_id, claims.scope)
    return unverified.service, VerifiedCall(claims, principal, caller, now, region, session_policies)


def requested_region(unverified: UnverifiedSignature) -> str:
    """What policies see as aws:RequestedRegion: the scope's region, or for the ECDSA form, whose signature
    is for a set, the set's only member, else the global pseudo-region. Raises SignatureDoesNotMatch.
    """
    if unverified.algorithm == ECDSA and not _is_region(unverified.region):
        return _GLOBAL_REGION
    if len(unverified.region) > 64 or not _is_region(unverified.region):
        raise SignatureDoesNotMatch("Credential should be scoped to a valid region.")
    return unverified.region


def read_wire_request(scope: Mapping[str, Any]) -> WireRequest:
    """The request as it stood on the wire."""
    return WireRequest(
        scope["method"],
        scope["raw_path"].decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
    )
