"""Stored policy texts, parsed once. Kept by name and text, so a changed text never meets an old parse.

A text that is gone or cannot be read denies everything: nobody knows what it denied, or what it would have left of
a ceiling. Quotas are the business of whoever stored the text, so none is asked about here.
"""

from daypass.policy.document import PolicyDocument, parse_policy
from daypass.protocol.aws.errors import MalformedPolicyDocument
from daypass.server.adapters.bounded_store import BoundedStore

__all__ = ["ParsedPolicies"]

_LONGEST_TEXT = 131_072
"""Characters; more than any policy could be stored with."""
_DENY_EVERYTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'


class ParsedPolicies:
    """Parses and remembers. For one event loop."""

    def __init__(self, capacity: int) -> None:
        self._documents: BoundedStore[tuple[str, str], PolicyDocument] = BoundedStore(capacity)

    def parse(self, name: str, text: str | None) -> PolicyDocument:
        """`name` is what a decision will call it: an ARN, or words that say where it stands."""
        if text is None:
            return _deny_everything(name)
        document = self._documents.find((name, text))
        if document is None:
            try:
                document = parse_policy(text, name=name, max_characters=_LONGEST_TEXT)
            except MalformedPolicyDocument:
                document = _deny_everything(name)
            self._documents.keep((name, text), document)
        return document


def _deny_everything(name: str) -> PolicyDocument:
    return parse_policy(_DENY_EVERYTHING, name=f"{name} (cannot be read)")
