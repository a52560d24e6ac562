"""What the gateway writes to the audit log: denials of proven callers, and the life of buckets.

Requests without a proven signature are counted, not written: a stranger must not be able to fill a table.
"""

import logging
import uuid
from collections.abc import Mapping

from daypass.errors import StorageError
from daypass.server.domain.audit import AuditEvent
from daypass.server.domain.caller_detail import caller_detail
from daypass.server.gateway.attempt import Attempt
from daypass.server.gateway.authorize import Denied
from daypass.server.ports.clock import Clock
from daypass.server.ports.storage import AuditStore

__all__ = ["AuditTrail"]

_EVENT_SOURCE = "s3.amazonaws.com"
_MAX_DETAIL_CHARACTERS = 1200


class AuditTrail:
    """Appends events; a log that cannot be written is itself logged and changes no answer."""

    def __init__(self, *, audit: AuditStore, clock: Clock, log: logging.Logger) -> None:
        self._audit = audit
        self._clock = clock
        self._log = log

    async def record_denial(self, attempt: Attempt, denied: Denied) -> None:
        """Policy or ownership said no."""
        detail = {
            "action": denied.action,
            "resource": denied.resource[:_MAX_DETAIL_CHARACTERS],
            "reason": denied.detail[:_MAX_DETAIL_CHARACTERS],
        }
        await self._append(attempt, error_code=denied.code, detail=detail)

    async def record_bucket_change(self, attempt: Attempt, bucket: str) -> None:
        """A bucket was created or deleted."""
        await self._append(attempt, error_code="", detail={"bucketName": bucket})

    async def _append(
        self, attempt: Attempt, *, error_code: str, detail: Mapping[str, str | int | bool]
    ) -> None:
        claims = attempt.claims
        if claims is None:
            return
        event = AuditEvent(
            event_id=str(uuid.uuid4()),
            event_time=self._clock(),
            event_source=_EVENT_SOURCE,
            event_name=attempt.operation_name,
            account_id=claims.account_id,
            principal_arn=claims.principal_arn,
            caller=attempt.caller,
            error_code=error_code,
            detail={**detail, **caller_detail(claims)},
        )
        try:
            await self._audit.append(event)
        except StorageError as failure:
            self._log.error("audit event lost: %s %s", event.event_name, failure.detail or failure.message)
