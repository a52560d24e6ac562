"""One AssumeRole: what is sent, where, and each refusal told apart in a sentence with one thing to do."""

from dataclasses import replace
from pathlib import Path

import pytest

from daypass.client.aws_config import AwsConfig
from daypass.client.ini_text import parse
from daypass.client.role_assume import Source, assume_role, choose_service
from daypass.client.role_profile import RoleStep, find_chain
from daypass.client.session_cache import CacheEntry
from daypass.errors import (
    ClockSkew,
    ConfigError,
    DaypassError,
    LoginRequired,
    NetworkError,
    RemoteProtocolError,
    RoleDenied,
)
from daypass.protocol.http import Request, Response
from daypass.secret import Secret
from support.stub_sts import StubSts

ROLE = "arn:aws:iam::222233334444:role/Deploy"
USER = "arn:aws:iam::111122223333:user/dev"
NOW = 1_900_000_000
ENTRY = CacheEntry(
    "ASIADEV", Secret("secret"), Secret("token"), "111122223333", NOW + 900, "c", Secret("r"), Secret("k")
)
SOURCE = Source(ENTRY, USER, "dev")


def _step(words: str = "", **environ: str) -> RoleStep:
    text = f"[profile dev]\nlogin_session = {USER}\n[profile prod]\nrole_arn = {ROLE}\nsource_profile = dev\n{words}"
    config = AwsConfig(Path("config"), parse(text), {})
    chain = find_chain(config, config.profile("prod"), environ)
    assert chain is not None
    return chain.role


def _ask(step: RoleStep, sts: StubSts, code: str = "") -> object:
    return assume_role(
        step, SOURCE, choose_service(step, "us-east-1", {}), code=code, now=NOW, send=sts.answer
    )


def test_the_least_is_sent_and_the_credentials_are_read() -> None:
    sts = StubSts()
    keys = _ask(_step(), sts)
    assert sts.asked == [
        {
            "Action": "AssumeRole",
            "Version": "2011-06-15",
            "RoleArn": ROLE,
            "RoleSessionName": "daypass-dev",
            "DurationSeconds": "3600",
        }
    ]
    assert (keys.access_key_id, keys.secret_access_key.reveal()) == ("ASIAROLE1", "secret/+1")  # type: ignore[attr-defined]  # `_ask` promises no type
    assert keys.session_token.reveal() == "token1=="  # type: ignore[attr-defined]  # `_ask` promises no type
    assert "Credential=ASIADEV/" in sts.signed_by[0]
    assert "us-east-1/sts/aws4_request" in sts.signed_by[0]


def test_every_word_is_sent(tmp_path: Path) -> None:
    policy = tmp_path / "p.json"
    policy.write_text("{}")
    words = (
        "external_id = x1\nduration_seconds = 900\nrole_session_name = me\nmfa_serial = GAHT12345678\n"
        "daypass_source_identity = dana\ndaypass_tags = A=1, B=\ndaypass_transitive_tags = A\n"
        f"daypass_policy_file = {policy}\ndaypass_policy_arns = arn:aws:iam::aws:policy/ReadOnlyAccess\n"
    )
    sts = StubSts()
    _ask(_step(words), sts, code="123456")
    assert sts.asked[0] == {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": ROLE,
        "RoleSessionName": "me",
        "DurationSeconds": "900",
        "ExternalId": "x1",
        "SourceIdentity": "dana",
        "Tags.member.1.Key": "A",
        "Tags.member.1.Value": "1",
        "Tags.member.2.Key": "B",
        "Tags.member.2.Value": "",
        "TransitiveTagKeys.member.1": "A",
        "Policy": "{}",
        "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "SerialNumber": "GAHT12345678",
        "TokenCode": "123456",
    }


@pytest.mark.parametrize(
    "status, code, message, kind, told, hint",
    [
        (403, "AccessDenied", "not authorized to perform: sts:AssumeRole", RoleDenied, f"{USER} may not assume {ROLE}", "--external-id"),
        (403, "AccessDenied", "MultiFactorAuthentication failed", RoleDenied, "the code for role", "new code"),
        (400, "ValidationError", "DurationSeconds exceeds the MaxSessionDuration set", ConfigError, "allows shorter sessions than the 3600 seconds", "aws iam get-role --role-name Deploy --query Role.MaxSessionDuration"),
        (400, "ValidationError", "something else", ConfigError, "does not accept what it was asked", "configure role prod"),
        (400, "MalformedPolicyDocument", "zqx", ConfigError, "does not accept the session policy", "configure role prod"),
        (400, "PackedPolicyTooLarge", "zqx", ConfigError, "session policy and tags together are too long", "configure role prod"),
        (403, "RegionDisabledException", "STS is not activated", ConfigError, "not switched on in this region", "--region"),
        (403, "ExpiredToken", "expired", LoginRequired, '"dev" are no longer accepted', "daypass login --profile dev"),
        (403, "InvalidClientTokenId", "zqx", LoginRequired, "no longer accepted", "daypass login --profile dev"),
        (403, "SignatureDoesNotMatch", "Signature expired: 1 is now earlier than 2", ClockSkew, "clock is wrong", "date -u"),
        (403, "SignatureDoesNotMatch", "Signature not yet current: 1", ClockSkew, "clock is wrong", "date -u"),
        (400, "Throttling", "slow down", NetworkError, "too many requests", "in a moment"),
        (503, "ServiceUnavailable", "zqx", NetworkError, "sts failed", "in a moment"),
        (418, "Teapot", "zqx", RemoteProtocolError, "sts refused AssumeRole", ""),
    ],
)  # fmt: skip
def test_refusals_are_told_apart(
    status: int, code: str, message: str, kind: type[DaypassError], told: str, hint: str
) -> None:
    with pytest.raises(DaypassError) as refused:
        _ask(_step(), StubSts(refusal=(status, code, message)))
    assert type(refused.value) is kind
    assert told in refused.value.message
    assert hint in refused.value.hint
    assert message not in refused.value.message + refused.value.hint


def test_a_refusal_names_what_was_sent_along() -> None:
    words = "external_id = x1\ndaypass_source_identity = dana\ndaypass_tags = A=1\n"
    with pytest.raises(RoleDenied) as refused:
        _ask(_step(words), StubSts(refusal=(403, "AccessDenied", "no")))
    assert "with this external id" in refused.value.message
    for wish in ("that external id", "sts:SetSourceIdentity", "sts:TagSession"):
        assert wish in refused.value.hint
    assert "x1" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize(
    "body", [b"", b"<AccessKeyId>A</AccessKeyId>", b"\xff", b"<Expiration>soon</Expiration>"]
)
def test_an_answer_that_is_none_is_refused(body: bytes) -> None:
    def send(_request: Request) -> Response:
        return Response(200, {}, body)

    with pytest.raises(RemoteProtocolError):
        assume_role(_step(), SOURCE, choose_service(_step(), "", {}), code="", now=NOW, send=send)


@pytest.mark.parametrize(
    "words, environ, sign_in_region, endpoint, region",
    [
        ("", {}, "eu-west-1", "https://sts.eu-west-1.amazonaws.com", "eu-west-1"),
        ("region = eu-north-1\n", {}, "eu-west-1", "https://sts.eu-north-1.amazonaws.com", "eu-north-1"),
        (
            "region = x\n",
            {"AWS_REGION": "ap-south-1"},
            "",
            "https://sts.ap-south-1.amazonaws.com",
            "ap-south-1",
        ),
        ("", {}, "", "https://sts.us-east-1.amazonaws.com", "us-east-1"),
        (
            "use_fips_endpoint = true\n",
            {},
            "us-east-2",
            "https://sts-fips.us-east-2.amazonaws.com",
            "us-east-2",
        ),
        (
            "",
            {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
            "us-east-2",
            "https://sts.us-east-2.api.aws",
            "us-east-2",
        ),
        ("endpoint_url = http://127.0.0.1:1\n", {}, "eu-west-1", "http://127.0.0.1:1", "eu-west-1"),
    ],
)
def test_where_sts_is_asked(
    words: str, environ: dict[str, str], sign_in_region: str, endpoint: str, region: str
) -> None:
    service = choose_service(_step(words), sign_in_region, environ)
    assert (service.endpoint, service.region) == (endpoint, region)


def test_the_roles_partition_is_asked_whatever_the_work_region() -> None:
    """Another partition's STS knows neither the caller nor the role."""
    step = replace(_step("region = us-east-1\n"), role_arn=ROLE.replace("arn:aws:", "arn:aws-cn:"))
    service = choose_service(step, "cn-north-1", {"AWS_REGION": "eu-west-1"})
    assert service.endpoint == "https://sts.cn-north-1.amazonaws.com.cn"
