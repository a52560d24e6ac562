"""Amazon Resource Names: six fields, five colons, and a resource that may hold colons of its own.

Parsing is by position only; what a resource part means is the business of the service that owns it
(AWS General Reference, "Amazon Resource Names"). Patterns with wildcards are not ARNs; policy matching
handles those.
"""

import re
from dataclasses import dataclass

from daypass.protocol.aws.errors import ValidationError

__all__ = ["MAX_ARN_LENGTH", "Arn", "parse_arn"]

MAX_ARN_LENGTH = 2048

_match_arn = re.compile(
    r"arn:(?P<partition>aws(?:-[a-z0-9]+)*)"
    r":(?P<service>[a-z0-9\-]+)"
    r":(?P<region>[a-z0-9\-]*)"
    r":(?P<account_id>[0-9]{12}|aws|)"
    r":(?P<resource>[^\x00-\x20\x7f*?][^\x00-\x1f\x7f]*)"
).fullmatch


@dataclass(frozen=True, slots=True)
class Arn:
    """One resource's name. `str()` gives the text it was parsed from."""

    partition: str
    service: str
    region: str
    """Empty for global services."""
    account_id: str
    """Twelve digits, `aws` for what AWS itself owns, or empty (S3)."""
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account_id}:{self.resource}"


def parse_arn(text: str) -> Arn:
    """The ARN's fields. Raises ValidationError."""
    found = _match_arn(text) if len(text) <= MAX_ARN_LENGTH else None
    if found is None:
        raise ValidationError("The ARN is not valid")
    return Arn(**found.groupdict())
