"""ARNs: six fields, and the resource keeps its own colons."""

import pytest

from daypass.protocol.aws.arn import Arn, parse_arn
from daypass.protocol.aws.errors import ValidationError


@pytest.mark.parametrize(
    ("text", "arn"),
    [
        ("arn:aws:iam::123456789012:root", Arn("aws", "iam", "", "123456789012", "root")),
        ("arn:aws:iam::123456789012:user/division/Bob", Arn("aws", "iam", "", "123456789012", "user/division/Bob")),
        ("arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess", Arn("aws", "iam", "", "aws", "policy/SignInLocalDevelopmentAccess")),
        ("arn:aws-us-gov:s3:::bucket/a:b c/ሴ", Arn("aws-us-gov", "s3", "", "", "bucket/a:b c/ሴ")),
        ("arn:aws:sts::123456789012:assumed-role/Admin/me@example.com", Arn("aws", "sts", "", "123456789012", "assumed-role/Admin/me@example.com")),
        ("arn:aws-cn:lambda:cn-north-1:123456789012:function:f:1", Arn("aws-cn", "lambda", "cn-north-1", "123456789012", "function:f:1")),
        ("arn:aws:signin:::devtools/same-device", Arn("aws", "signin", "", "", "devtools/same-device")),
    ],
)  # fmt: skip
def test_an_arn_is_its_six_fields(text: str, arn: Arn) -> None:
    parsed = parse_arn(text)
    assert parsed == arn
    assert str(parsed) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "arn", "arn:aws:iam::123456789012", "arn:aws:iam::123456789012:", "ARN:aws:iam::123456789012:root",
        "arn::iam::123456789012:root", "arn:gcp:iam::123456789012:root", "arn:aws::x:123456789012:root",
        "arn:aws:iam::12345678901:root", "arn:aws:iam::1234567890123:root", "arn:aws:iam::12345678901x:root",
        "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:root", "arn:aws:iam::123456789012:*", "arn:aws:iam::123456789012:user/\n",
        "arn:aws:iam::123456789012:root\n", " arn:aws:iam::123456789012:root", "arn:aws:s3:::" + "x" * 2048,
    ],
)  # fmt: skip
def test_what_is_not_an_arn_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        parse_arn(text)
