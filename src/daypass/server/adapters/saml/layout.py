"""Is a message laid out the one way we read it? Counting, before any signature is looked at (Core §3.3.3, §5.4.1).

A response that says two things is refused whole, wherever the second thing is hidden: signature wrapping
(Somorovsky et al., "On Breaking SAML", 2012) needs a second assertion or a displaced signature. That the signed part
is the part that is read is ensured by signature.py; here the attempt itself is refused and named in the log.
"""

from daypass.server.adapters.saml.names import ds, saml, samlp
from daypass.server.adapters.saml.refusals import refused
from daypass.server.adapters.saml.xml_source import Element

__all__ = [
    "check_assertion_layout",
    "check_is_response",
    "check_logout_layout",
    "check_response_layout",
    "only_assertion",
]

_MOST_ATTRIBUTES = 50
"""Of one element; SAML's own elements have ten at most."""


def check_is_response(message: Element) -> None:
    """A samlp:Response of version 2.0, whatever is in it."""
    _check_root(message, samlp("Response"))


def check_response_layout(response: Element) -> None:
    """One response, one assertion (plain or encrypted) directly in it, signatures only in these two.

    For what `check_is_response` accepted.
    """
    _check_ids(response)
    assertion = only_assertion(response)
    kinds = (saml("Assertion"), saml("EncryptedAssertion"), samlp("Response"))
    if sum(1 for _ in response.iter(*kinds)) != 2:
        raise refused("the response holds more than one response or assertion")
    _check_signatures(response, response, assertion)


def check_assertion_layout(assertion: Element) -> None:
    """The same for an assertion that was encrypted."""
    _check_root(assertion, saml("Assertion"))
    _check_ids(assertion)
    if sum(1 for _ in assertion.iter(saml("Assertion"), saml("EncryptedAssertion"))) != 1:
        raise refused("the encrypted assertion holds another assertion")
    _check_signatures(assertion, assertion)


def check_logout_layout(request: Element) -> None:
    """One LogoutRequest, signed nowhere but in itself."""
    _check_root(request, samlp("LogoutRequest"))
    _check_ids(request)
    _check_signatures(request, request)


def only_assertion(response: Element) -> Element:
    """The one assertion, plain or encrypted, among the response's children."""
    found = [*response.findall(saml("Assertion")), *response.findall(saml("EncryptedAssertion"))]
    if len(found) != 1:
        raise refused("the response does not have exactly one assertion")
    return found[0]


def _check_root(element: Element, tag: str) -> None:
    if element.tag != tag:
        raise refused("the message is of another kind")
    if element.get("Version") != "2.0":
        raise refused("the message is not of version 2.0")


def _check_ids(root: Element) -> None:
    """Attributes are counted before their values are read: each reading looks through all of its element's."""
    seen: set[str] = set()
    for item in root.iter("*"):
        if len(item.attrib) > _MOST_ATTRIBUTES:
            raise refused("an element has too many attributes")
        for name, value in item.attrib.items():
            if str(name).rpartition("}")[2].lower() == "id":
                if str(value) in seen:
                    raise refused("two elements have the same ID")
                seen.add(str(value))


def _check_signatures(root: Element, *places: Element) -> None:
    parents = [item.getparent() for item in root.iter(ds("Signature"))]
    for parent in parents:
        if all(parent is not place for place in places):
            raise refused("there is a signature in an unexpected place")
    if any(sum(parent is place for parent in parents) > 1 for place in places):
        raise refused("an element has two signatures")
