"""One request that was proven, understood and allowed, on its way to an answer. Records only."""

from dataclasses import dataclass

from daypass.server.gateway.asgi import ClientBody, Send
from daypass.server.gateway.attempt import Attempt
from daypass.server.gateway.authorize import Question
from daypass.server.gateway.operation import Operation
from daypass.server.gateway.payload import Payload
from daypass.server.gateway.request import GatewayRequest
from daypass.server.gateway.verify import Proven

__all__ = ["Exchange"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """Everything an operation needs to be carried out."""

    request: GatewayRequest
    operation: Operation
    proven: Proven
    payload: Payload
    question: Question
    """Who asks, and the way to ask policy again (for keys that stand in the body)."""
    body: ClientBody
    send: Send
    attempt: Attempt
    takes_relay: bool = False
    """Whether `send` takes the rest of a body as a connection (ports/relay.py)."""

    @property
    def request_id(self) -> str:
        """For answers."""
        return self.question.caller.request_id

    @property
    def account_id(self) -> str:
        """The caller's account."""
        return self.proven.claims.account_id
