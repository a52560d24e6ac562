"""What STS and IAM leave in the audit log, in CloudTrail's words. Never a secret, never a document."""

from collections.abc import Mapping
from typing import Any

from daypass.protocol.aws.errors import AccessDenied
from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.caller_detail import caller_detail
from daypass.server.domain.federated_caller import FederatedCaller
from daypass.server.domain.identity_provider import provider_account
from daypass.server.domain.unsigned_call import FederatedRole, FederationDenied, UnsignedCall
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.clock import Randomness
from daypass.server.ports.storage import AuditStore
from daypass.server.web.query_operation import Operation

__all__ = ["QueryAudit"]


class QueryAudit:
    """Writes one row per audited call."""

    def __init__(self, store: AuditStore, randomness: Randomness) -> None:
        self._store = store
        self._randomness = randomness

    async def record(
        self,
        call: VerifiedCall | UnsignedCall,
        operation: Operation,
        *,
        event: tuple[str, str],
        parameters: Mapping[str, str],
        result: Any = None,
        refusal: AccessDenied | None = None,
    ) -> None:
        """`event` is service and action. A success with what it made, or a denial. Raises StorageError: what is not
        recorded is not answered. Whoever has proven nothing is not recorded.
        """
        detail: dict[str, str | int | bool] = dict(operation.audit_parameters(parameters))
        if isinstance(call, VerifiedCall):
            account_id, principal_arn = call.account_id, call.claims.principal_arn
            detail |= caller_detail(call.claims)
        else:
            who = _who(result, refusal)
            if who is None:
                return
            account_id, principal_arn = provider_account(who.provider_arn), who.provider_arn
            detail |= {"identity_provider": who.provider_arn, "idp_subject": who.identity.subject}
        if refusal is None and operation.audit_result is not None:
            detail.update(operation.audit_result(result))
        await self._store.append(
            AuditEvent(
                event_id=self._randomness.uuid(),
                event_time=call.now,
                event_source=f"{event[0]}.amazonaws.com",
                event_name=event[1],
                account_id=account_id,
                principal_arn=principal_arn,
                caller=call.caller,
                error_code="" if refusal is None else refusal.code,
                detail=detail,
            )
        )


def _who(result: Any, refusal: AccessDenied | None) -> FederatedCaller | None:
    """Whom an identity provider vouched for, in a call that carries no signature."""
    if isinstance(refusal, FederationDenied):
        return refusal.who
    return result.who if isinstance(result, FederatedRole) else None
