"""New sessions are announced to an address of the operator's: a JSON POST, signed, that nobody waits for.

`AnnouncedOrigins` stands before the real store of session origins: what begins is noted there first and announced
afterwards, so a receiver that is slow or away delays and breaks nothing. Announcements wait in a bounded queue; what
does not fit, or fails three times, is lost and logged: the audit log has it all the same. The signature covers time and
body (`X-Daypass-Signature: t=SECONDS,v1=HEX`, HMAC-SHA256 over `t.body`), so that a receiver can refuse old ones.
"""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import urllib3

from daypass.errors import ConfigError
from daypass.secret import Secret
from daypass.server.domain.session_origin import SessionOrigin, describe_program
from daypass.server.ports.clock import Clock
from daypass.server.ports.storage import SessionOriginStore

__all__ = ["AnnouncedOrigins", "SignInWebhook"]

_QUEUE = 1000
_ATTEMPTS = 3
_PAUSE = 2.0
"""Seconds before the second attempt; twice that before the third."""
_TIMEOUT = 5.0
_SHORTEST_SECRET = 16
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SignInWebhook:
    """One receiver. For one event loop; `close` gives what waits a last chance of a few seconds."""

    def __init__(
        self, url: str, secret: Secret, *, clock: Clock, log: logging.Logger, pause: float = _PAUSE
    ) -> None:
        _check(url, secret)
        self._url = url
        self._secret = secret
        self._clock = clock
        self._log = log
        self._pause = pause
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(_QUEUE)
        self._task: asyncio.Task[None] | None = None
        self._http = urllib3.PoolManager(
            num_pools=1, maxsize=1, retries=False, timeout=urllib3.Timeout(total=_TIMEOUT)
        )

    def announce(self, origin: SessionOrigin) -> None:
        """Never waits, never raises."""
        if origin.began is None:
            return
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._send_forever())
        try:
            self._queue.put_nowait(_body(origin, now=self._clock()))
        except asyncio.QueueFull:
            self._log.warning("a sign-in was not announced: the webhook's queue is full")

    async def close(self) -> None:
        """Send what waits, for as long as one attempt may take; then stop."""
        if self._task is None:
            return
        try:
            await asyncio.wait_for(self._queue.join(), _TIMEOUT)
        except TimeoutError:
            self._log.warning("%d sign-ins were not announced", self._queue.qsize())
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _send_forever(self) -> None:
        while True:
            body = await self._queue.get()
            try:
                await self._send(body)
            finally:
                self._queue.task_done()

    async def _send(self, body: bytes) -> None:
        problem = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(self._pause * attempt)
            try:
                status = await asyncio.to_thread(self._post, body)
            except urllib3.exceptions.HTTPError as failure:
                problem = type(failure).__name__
                continue
            if 200 <= status < 300:
                return
            problem = f"HTTP {status}"
        self._log.warning("a sign-in was not announced: %s", problem)

    def _post(self, body: bytes) -> int:
        moment = str(self._clock())
        signed = hmac.new(self._secret.reveal().encode(), f"{moment}.".encode() + body, hashlib.sha256)
        answer = self._http.request(
            "POST",
            self._url,
            body=body,
            headers={
                "Content-Type": "application/json",
                "User-Agent": "daypass-webhook",
                "X-Daypass-Signature": f"t={moment},v1={signed.hexdigest()}",
            },
            redirect=False,
            preload_content=False,
        )
        answer.close()  # what it says beside the status may be endless
        return int(answer.status)


class AnnouncedOrigins:
    """`ports.storage.SessionOriginStore` over the real one."""

    def __init__(self, store: SessionOriginStore, webhook: SignInWebhook) -> None:
        self._store = store
        self._webhook = webhook

    async def note_origin(self, origin: SessionOrigin) -> None:
        """See the port."""
        await self._store.note_origin(origin)
        self._webhook.announce(origin)

    async def load_origins(self, session_ids: Sequence[str]) -> Mapping[str, SessionOrigin]:
        """See the port."""
        return await self._store.load_origins(session_ids)


def _body(origin: SessionOrigin, *, now: int) -> bytes:
    began = origin.began
    assert began is not None, "announce asks"
    return json.dumps(
        {
            "event": "session_began",
            "time": now,
            "session": origin.session_id,
            "kind": began.kind,
            "principal_arn": began.principal_arn,
            "account_id": began.account_id,
            "second_factor": began.has_second_factor,
            "scope": began.scope_name or None,
            "source_ip": origin.source_ip,
            "user_agent": origin.user_agent,
            "program": describe_program(origin.user_agent),
            "ends_at": origin.expires_at,
        }
    ).encode()


def _check(url: str, secret: Secret) -> None:
    """Raises ConfigError."""
    parts = urlsplit(url)
    is_private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not is_private or not parts.hostname:
        raise ConfigError("sign_in_webhook_url must be https, or http on loopback")
    if len(secret.reveal()) < _SHORTEST_SECRET:
        raise ConfigError(f"sign_in_webhook_secret must have at least {_SHORTEST_SECRET} characters")
