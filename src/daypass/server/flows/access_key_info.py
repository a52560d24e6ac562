"""GetAccessKeyInfo: which account an access key id belongs to (STS reference, "GetAccessKeyInfo").

The account is written in the key id itself, so nothing is looked up, and the answer says nothing about
whether the key exists.
"""

import re

from daypass.protocol.aws.errors import ValidationError
from daypass.server.domain.identifiers import check_length
from daypass.server.domain.tokens import access_key_account
from daypass.server.domain.verified_call import VerifiedCall

__all__ = ["get_access_key_info"]

_is_key_id = re.compile(r"A[A-Z]IA[A-Z2-7]{16}").fullmatch


async def get_access_key_info(call: VerifiedCall, *, access_key_id: str) -> str:
    """The twelve digits. Raises ValidationError for an id of another layout, AccessDenied."""
    call.check_allowed("sts:GetAccessKeyInfo", "*")
    check_length("accessKeyId", access_key_id, least=16, most=128)
    account_id = access_key_account(access_key_id) if _is_key_id(access_key_id) else None
    if account_id is None:
        raise ValidationError("The access key id is not valid")
    return account_id
