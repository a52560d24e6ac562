"""One operation for one proven caller: performed, counted, written to the audit log, and seen by the next call.

What the Query API does for a signature and the pages do for a browser's session, so that a button and an API call have
one effect and one audit row. A success that changed something, and every denied call, is in the log before the answer.
"""

from collections.abc import Mapping
from typing import Any

from daypass.protocol.aws.errors import AccessDenied, AwsError
from daypass.server.domain.session_credentials import check_action_allowed
from daypass.server.domain.unsigned_call import UnsignedCall
from daypass.server.domain.verified_call import VerifiedCall
from daypass.server.ports.metrics import Metrics
from daypass.server.ports.principals import PrincipalDirectory
from daypass.server.web.query_audit import QueryAudit
from daypass.server.web.query_operation import Operation

__all__ = ["AuditedCalls"]


class AuditedCalls:
    """Built once."""

    def __init__(self, audit: QueryAudit, directory: PrincipalDirectory, metrics: Metrics) -> None:
        self._audit = audit
        self._directory = directory
        self._metrics = metrics

    async def perform(
        self,
        call: VerifiedCall | UnsignedCall,
        operation: Operation,
        *,
        event: tuple[str, str],
        parameters: Mapping[str, str],
    ) -> Any:
        """The flow's result. `event` is service and action. Raises AwsError, StorageError."""
        service, action = event
        try:
            if isinstance(call, VerifiedCall):
                check_action_allowed(call.claims, f"{service}:{action}")
            result = await operation.perform(call, parameters)
        except AwsError as refusal:
            self._metrics.count(f"{service}.{action}", refusal.code)
            if isinstance(refusal, AccessDenied):
                await self._audit.record(call, operation, event=event, parameters=parameters, refusal=refusal)
            raise
        if operation.is_audited:
            await self._audit.record(call, operation, event=event, parameters=parameters, result=result)
            await self._see_own_write(call, operation)
        self._metrics.count(f"{service}.{action}", "ok")
        return result

    async def _see_own_write(self, call: VerifiedCall | UnsignedCall, operation: Operation) -> None:
        """Have the directory read the account's revision now, so that the next call here sees the change."""
        if operation.changes_account and isinstance(call, VerifiedCall):
            claims = call.claims
            await self._directory.load(
                claims.account_id, claims.principal_kind, claims.principal_id, fresh=True
            )
