"""Facts of the standards as data: instants, and the hash that names a provider (tests/vectors/saml)."""

import json
from pathlib import Path

import pytest

from daypass.server.adapters.saml.refusals import Unreadable
from daypass.server.adapters.saml.times import format_instant, parse_instant
from support.saml_forge import Draft, key, metadata


def _rows(name: str) -> list[dict]:
    found = Path(__file__).parents
    folder = next(parent for parent in found if parent.name == "tests") / "vectors" / "saml"
    return json.loads((folder / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", _rows("instants.json"), ids=lambda row: repr(row["text"]))
def test_an_instant_is_read_as_core_1_3_3_says(row: dict) -> None:
    if row["seconds"] is None:
        with pytest.raises(Unreadable):
            parse_instant(row["text"])
        return
    assert parse_instant(row["text"]) == row["seconds"]
    assert parse_instant(format_instant(row["seconds"])) == row["seconds"]


@pytest.mark.parametrize("row", _rows("name_qualifier.json"), ids=lambda row: row["name"])
def test_the_name_qualifier_is_the_hash_sts_describes(row: dict, judge) -> None:
    record = {
        "account_id": row["account_id"],
        "name": row["name"],
        "entity_id": row["issuer"],
        "metadata_document": metadata(key("idp"), entity_id=row["issuer"]),
    }
    assert judge(Draft(issuer=row["issuer"]), record=record).name_qualifier == row["name_qualifier"]
