"""minisaml judges the same responses: about issuer, audience, times and signature both must agree, whole or refused.

minisaml knows nothing of recipients or requests, insists on NotBefore, and refuses a signed comment (which we read
over): only what both know alike is varied here.
"""

import datetime as dt
import types
import warnings

import pytest
from lxml import etree

from daypass.errors import DaypassError
from daypass.server.adapters.saml.times import CLOCK_SKEW
from support.saml_forge import ACS, IDP, NOW, NS, Change, Draft, at, key, set_attribute, set_text

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of a module it imports
    from minisaml import response as minisaml
    from minisaml.errors import MiniSAMLError
    from minisignxml.errors import MiniSignXMLError

BEFORE, AFTER = "NotBefore", "NotOnOrAfter"
CONDITIONS = "saml:Conditions"


def _tampered(response: etree._Element) -> None:
    response.find(".//saml:NameID", NS).text = "root@example.com"


ROWS: list[tuple[str, Draft, bool]] = [
    ("good", Draft(), True),
    ("signed as a whole", Draft(sign_assertion=False, sign_response=True), True),
    ("issuer", Draft(assertion_changes=(set_text("saml:Issuer", "https://x.example"),)), False),
    ("audience", Draft(audience="https://x.example"), False),
    ("other key", Draft(signed_by=key("attacker")), False),
    ("unsigned", Draft(sign_assertion=False), False),
    ("altered", Draft(response_changes=(_tampered,)), False),
]
EDGES: list[tuple[Change, bool]] = [
    (set_attribute(CONDITIONS, BEFORE, at(CLOCK_SKEW)), True),
    (set_attribute(CONDITIONS, BEFORE, at(CLOCK_SKEW + 1)), False),
    (set_attribute(CONDITIONS, AFTER, at(1 - CLOCK_SKEW)), True),
    (set_attribute(CONDITIONS, AFTER, at(-CLOCK_SKEW)), False),
]
ROWS += [
    (f"edge {index}", Draft(assertion_changes=(change,)), good) for index, (change, good) in enumerate(EDGES)
]


class _AtNow(dt.datetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> "_AtNow":
        return cls.fromtimestamp(NOW, tz)


@pytest.mark.parametrize(("draft", "good"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_both_judges_agree(draft: Draft, good: bool, judge, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = types.SimpleNamespace(datetime=_AtNow, timezone=dt.timezone, timedelta=dt.timedelta)
    monkeypatch.setattr(minisaml, "datetime", clock)
    drift = dt.timedelta(seconds=CLOCK_SKEW)
    field = draft.field()
    try:
        theirs = minisaml.validate_response(
            data=field,
            certificate=key("idp").certificate,
            expected_audience=ACS,
            idp_issuer=IDP,
            allowed_time_drift=minisaml.TimeDriftLimits(drift, drift),
        )
        second = (theirs.name_id, {item.name: tuple(item.values) for item in theirs.attributes})
    except (MiniSAMLError, MiniSignXMLError):
        second = None
    try:
        ours = judge(field)
        first = (ours.subject, dict(ours.attributes))
    except DaypassError:
        first = None
    assert (first is not None) is good
    assert first == second
