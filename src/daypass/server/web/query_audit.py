"""What STS and IAM leave in the audit log, in CloudTrail's words. Never a secret, never a document."""

from collections.abc import Mapping
from typing import Any

from daypass.server.domain.audit import AuditEvent
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
        call: VerifiedCall,
        operation: Operation,
        *,
        event: tuple[str, str],
        parameters: Mapping[str, str],
        result: Any = None,
        error_code: str = "",
    ) -> None:
        """`event` is service and action. A success with what it made, or a denial. Raises StorageError: what is not recorded is not answered."""
        detail: dict[str, str | int | bool] = dict(operation.audit_parameters(parameters))
        if not error_code and operation.audit_result is not None:
            detail.update(operation.audit_result(result))
        await self._store.append(
            AuditEvent(
                event_id=self._randomness.uuid(),
                event_time=call.now,
                event_source=f"{event[0]}.amazonaws.com",
                event_name=event[1],
                account_id=call.account_id,
                principal_arn=call.claims.principal_arn,
                caller=call.caller,
                error_code=error_code,
                detail=detail,
            )
        )
