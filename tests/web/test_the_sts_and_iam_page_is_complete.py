"""docs/reference/sts-and-iam.md names every action served and every shipped restriction's error."""

import re
from pathlib import Path

from daypass.server.web.iam import build_iam_operations
from daypass.server.web.signin_operations import build_signin_operations
from daypass.server.web.sts import build_sts_operations
from support.query_world import QueryWorld

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "sts-and-iam.md"


async def test_the_page_lists_exactly_the_actions_served(world: QueryWorld) -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    listed = set(
        # Members of answers, `CreateDate` and its like, stand in the rows too.
        re.findall(
            r"`((?:Get|List|Create|Update|Delete|Attach|Detach|Change|Assume|Tag|Untag|Add|Remove|Decode|Put|Set|Enable|Disable|Resync|Deactivate|Simulate|Generate|Revoke)[A-Z][A-Za-z]+(?<!Date))`",
            "\n".join(rows),
        )
    )
    sts = build_sts_operations(
        storage=world.storage,
        ring=world.ring,
        randomness=world.randomness,
        saml=world.saml,
        oidc=world.oidc,
        external_url="",
        alternate_urls=frozenset(),
    )
    iam = build_iam_operations(
        storage=world.storage,
        ring=world.ring,
        hasher=world.hasher,
        randomness=world.randomness,
        saml=world.saml,
    )
    signin = build_signin_operations(storage=world.storage, ring=world.ring)
    assert listed == {*sts, *iam, *signin}
