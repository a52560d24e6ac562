"""Write src/daypass/server/web/iam_model.json: the shapes of the IAM API, from the service model the SDKs are made of.

Kept: names, types, bounds, patterns, value sets, which members are required or secret, and the code and status of each
error. Texts of documentation are left out. A test fails when the file is not what the installed botocore gives.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

TARGET = Path(__file__).parent.parent / "src" / "daypass" / "server" / "web" / "iam_model.json"
_KEPT = ("type", "required", "min", "max", "pattern", "enum", "sensitive")


def extract_model(service: Mapping[str, Any]) -> str:
    """The file's text for a service model."""
    shapes = service["shapes"]
    operations = {
        name: {
            "input": operation.get("input", {}).get("shape", ""),
            "output": operation.get("output", {}).get("shape", ""),
            "errors": [error["shape"] for error in operation.get("errors", [])],
        }
        for name, operation in sorted(service["operations"].items())
    }
    reached: set[str] = set()
    for operation in operations.values():
        for side in ("input", "output"):
            _reach(shapes, operation[side], reached)
    model = {
        "apiVersion": service["metadata"]["apiVersion"],
        "operations": operations,
        "shapes": {name: _compact(shapes[name]) for name in sorted(reached)},
        "errors": {
            name: [shape["error"]["code"], shape["error"]["httpStatusCode"]]
            for name, shape in sorted(shapes.items())
            if shape.get("exception") and "error" in shape
        },
    }
    return json.dumps(model, separators=(",", ":"), ensure_ascii=True) + "\n"


def _reach(shapes: Mapping[str, Any], name: str, reached: set[str]) -> None:
    if not name or name in reached:
        return
    reached.add(name)
    shape = shapes[name]
    for part in ("member", "key", "value"):
        if part in shape:
            _reach(shapes, shape[part]["shape"], reached)
    for member in shape.get("members", {}).values():
        _reach(shapes, member["shape"], reached)


def _compact(shape: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: shape[key] for key in _KEPT if key in shape}
    kept.update({part: shape[part]["shape"] for part in ("member", "key", "value") if part in shape})
    if "members" in shape:
        kept["members"] = {name: member["shape"] for name, member in shape["members"].items()}
    return kept


def installed_model() -> str:
    """The file's text for the installed botocore."""
    return extract_model(Loader().load_service_model("iam", "service-2"))


if __name__ == "__main__":
    TARGET.write_text(installed_model(), encoding="ascii")
    sys.stdout.write(f"{TARGET.name}: {TARGET.stat().st_size} bytes\n")
