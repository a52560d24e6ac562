"""The services as the Query protocol names them: version, namespace, and the table of actions.

An action that AWS has and this server has not is refused by name, so that nobody looks for the mistake
in their own request.
"""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass

from daypass.protocol.aws.errors import InvalidAction
from daypass.server.web.iam import IAM_NAMESPACE, IAM_VERSION
from daypass.server.web.query_model import iam_model
from daypass.server.web.query_operation import Operation
from daypass.server.web.signin_operations import SIGNIN_NAMESPACE, SIGNIN_VERSION
from daypass.server.web.sts import STS_NAMESPACE, STS_UNSERVED, STS_VERSION, UNSIGNED_ACTIONS

__all__ = ["QueryService", "iam_service", "signin_service", "sts_service"]

_is_word = re.compile(r"[A-Za-z0-9-]{1,128}").fullmatch


@dataclass(frozen=True, slots=True)
class QueryService:
    """One API."""

    name: str
    """`sts`, `iam` or `signin`: the credential scope's service."""
    version: str
    namespace: str
    operations: Mapping[str, Operation]
    unserved: Container[str] = frozenset()
    """Actions of AWS's model that are known not to be here."""
    unsigned: frozenset[str] = frozenset()
    """Actions whose proof is in their parameters."""

    def find_operation(self, parameters: Mapping[str, str]) -> tuple[str, Operation]:
        """The action's name and its row. Raises InvalidAction."""
        action = parameters.get("Action", "")
        version = parameters.get("Version", "")
        operation = self.operations.get(action)
        if operation is None or version != self.version:
            if action in self.unserved:
                raise _unserved(action)
            shown = action if _is_word(action) else "NO_ACTION_SPECIFIED"
            shown_version = version if _is_word(version) else "NO_VERSION_SPECIFIED"
            raise InvalidAction(f"Could not find operation {shown} for version {shown_version}")
        return action, operation


def sts_service(operations: Mapping[str, Operation]) -> QueryService:
    """STS over its table."""
    return QueryService("sts", STS_VERSION, STS_NAMESPACE, operations, STS_UNSERVED, UNSIGNED_ACTIONS)


def iam_service(operations: Mapping[str, Operation]) -> QueryService:
    """IAM over its table."""
    return QueryService("iam", IAM_VERSION, IAM_NAMESPACE, operations, _IamActions())


def signin_service(operations: Mapping[str, Operation]) -> QueryService:
    """The sign-in service's own actions over their table."""
    return QueryService("signin", SIGNIN_VERSION, SIGNIN_NAMESPACE, operations)


class _IamActions:
    """Every action of IAM's model, which is loaded when somebody asks for one that is not served."""

    def __contains__(self, action: object) -> bool:
        return action in iam_model().operations


def _unserved(action: str) -> InvalidAction:
    return InvalidAction(f"The operation {action} is not supported by this server yet")
