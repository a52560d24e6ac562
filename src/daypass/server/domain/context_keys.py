"""Which condition keys a policy asks for: in its conditions and in its variables (IAM reference,
"GetContextKeysForCustomPolicy").
"""

import re
from collections.abc import Iterable

from daypass.policy.json_source import JsonElement, parse_json

__all__ = ["context_keys"]

_find_variables = re.compile(r"\$\{([A-Za-z][\w:/.+=@-]{0,255})(?:\s*,[^}]*)?\}").findall


def context_keys(texts: Iterable[str]) -> list[str]:
    """In order of appearance, each once whatever its case, spelled as first met. The texts are policies checked before."""
    found: dict[str, str] = {}
    for text in texts:
        for key in _keys_of(parse_json(text), is_condition=False):
            found.setdefault(key.lower(), key)
    return list(found.values())


def _keys_of(element: JsonElement, *, is_condition: bool) -> list[str]:
    value = element.value
    keys: list[str] = []
    if isinstance(value, str):
        return list(_find_variables(value))
    if isinstance(value, list):
        for item in value:
            keys += _keys_of(item, is_condition=False)
    elif isinstance(value, dict):
        for name, member in value.items():
            if is_condition and isinstance(member.value, dict):
                keys += list(member.value)
            keys += _keys_of(member, is_condition=name == "Condition")
    return keys
