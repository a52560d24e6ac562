"""The service model (`iam_model.json`): parameters are read and answers written by it, so that no shape is copied by hand.

The model is what the SDKs are generated from; the file is loaded at the first call that needs it. How parameters are read
stands in `query_reader.py`. Answers may hold only what the model has: anything else is our own mistake and raises
LocalProtocolError. (AWS Query Protocol; IAM API reference)
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from daypass.errors import LocalProtocolError
from daypass.protocol.aws.query import XmlValue
from daypass.protocol.aws.xml import XmlRepeated, format_timestamp
from daypass.server.web.query_reader import ParameterReader, Shape

__all__ = ["ServiceModel", "iam_model", "show_document"]

_MODEL_FILE = Path(__file__).parent / "iam_model.json"
_COMMON_PARAMETERS = frozenset({"Action", "Version"})
_DOCUMENT = "policyDocumentType"


def show_document(document: str) -> str:
    """A policy document as answers hold it: URL-encoded (IAM API reference, "GetPolicyVersion", Document)."""
    return quote(document, safe="")


@lru_cache(maxsize=1)
def iam_model() -> "ServiceModel":
    """IAM's, loaded once."""
    loaded = json.loads(_MODEL_FILE.read_text(encoding="ascii"))
    return ServiceModel(loaded["operations"], loaded["shapes"], loaded["errors"])


@dataclass(frozen=True, slots=True, eq=False)
class ServiceModel:
    """One service's operations and shapes, as `tools/extract_iam_model.py` writes them."""

    operations: Mapping[str, Shape]
    shapes: Mapping[str, Shape]
    errors: Mapping[str, Sequence[Any]]
    """Shape name to code and HTTP status."""

    def input_members(self, action: str) -> Mapping[str, str]:
        """The operation's parameters: name to shape name."""
        name = self.operations[action]["input"]
        members: Mapping[str, str] = self.shapes[name]["members"] if name else {}
        return members

    def read(self, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """The values by the wire's names: texts, numbers, booleans, lists, mappings; `Secret` for what is secret.

        An absent member is absent. Raises ValidationError with every violation, or for a name that is not known.
        """
        reader = ParameterReader(self.shapes, dict(parameters))
        for name in _COMMON_PARAMETERS:
            reader.left.pop(name, None)
        shape = self.operations[action]["input"]
        values: dict[str, Any] = reader.structure(shape, "", "") if shape else {}
        reader.check()
        return values

    def shape_answer(self, action: str, values: Mapping[str, Any]) -> Mapping[str, XmlValue]:
        """The answer's elements in the model's order. Times are epoch seconds, documents plain, blobs bytes.

        None and an absent member are left out. Raises LocalProtocolError for what the model does not have.
        """
        shaped = self._shape(self.operations[action]["output"], values, action)
        if not isinstance(shaped, Mapping):
            raise LocalProtocolError(f"{action} has no output")
        return shaped

    def _shape(self, name: str, value: Any, place: str) -> XmlValue:
        shape = self.shapes[name]
        kind = shape["type"]
        if kind == "structure":
            return self._shape_structure(shape, value, place)
        if kind == "list":
            return [self._shape(shape["member"], item, f"{place}/member") for item in value]
        if kind == "map":
            return XmlRepeated(
                "entry",
                tuple(
                    {"key": key, "value": self._shape(shape["value"], item, f"{place}/{key}")}
                    for key, item in value.items()
                ),
            )
        return self._shape_scalar(name, kind, value, place)

    def _shape_structure(self, shape: Shape, value: Any, place: str) -> XmlValue:
        members = shape["members"]
        if not isinstance(value, Mapping) or not value.keys() <= members.keys():
            raise LocalProtocolError(f"{place} has a member that the model has not")
        present = {name: item for name, item in value.items() if item is not None}
        missing = [name for name in shape.get("required", ()) if name not in present]
        if missing:
            raise LocalProtocolError(f"{place} lacks {missing[0]}")
        return {
            name: self._shape(member, present[name], f"{place}/{name}")
            for name, member in members.items()
            if name in present
        }

    @staticmethod
    def _shape_scalar(name: str, kind: str, value: Any, place: str) -> XmlValue:
        match kind, value:
            case "boolean", bool():
                return value
            case "string", str():
                return show_document(value) if name == _DOCUMENT else value
            case "blob", bytes():
                return base64.b64encode(value).decode("ascii")
            case (("timestamp" | "integer" | "long"), int()) if not isinstance(value, bool):
                return format_timestamp(value) if kind == "timestamp" else value
        raise LocalProtocolError(f"{place} is no {kind}")
