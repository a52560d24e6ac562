"""A virtual MFA device's seed as the picture an authenticator app reads.

The picture holds the seed: it is answered once and never kept. (otpauth URI format; ISO/IEC 18004)
"""

import io

from daypass.secret import Secret
from daypass.server.domain.totp import provisioning_uri

__all__ = ["draw_enrolment"]

_ISSUER = "daypass"
_PIXELS_PER_MODULE = 6


def draw_enrolment(serial_number: str, seed: Secret) -> bytes:
    """A PNG file. `seed` is Base32 text; the app shows the device's name and account."""
    import segno  # it brings half of urllib: only who makes a device pays

    account_id, _, name = serial_number.removeprefix("arn:aws:iam::").partition(":mfa/")
    uri = provisioning_uri(
        seed.reveal(), account_name=f"{name.rpartition('/')[2]}@{account_id}", issuer=_ISSUER
    )
    picture = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(picture, kind="png", scale=_PIXELS_PER_MODULE, border=4)
    return picture.getvalue()
