"""What is refused before and beside the mathematics, each rule on its own, in AWS's words."""

from dataclasses import replace
from typing import Any

import pytest

from daypass.errors import LocalProtocolError
from daypass.protocol.aws.amz_date import parse_amz_date
from daypass.protocol.aws.canonical_request import canonical_paths, canonical_queries
from daypass.protocol.aws.errors import (
    AccessDenied,
    AwsError,
    IncompleteSignature,
    InvalidRequest,
    MissingAuthenticationToken,
    RequestTimeTooSkewed,
    SignatureDoesNotMatch,
    UnsupportedSignature,
)
from daypass.protocol.aws.presigned_url import presign_url
from daypass.protocol.aws.sigv4 import (
    EMPTY_PAYLOAD_HASH,
    IAM_RULES,
    S3_RULES,
    STS_RULES,
    UNSIGNED_PAYLOAD,
    Credentials,
    ServiceRules,
    WireRequest,
    find_signature,
    sign_request,
    verify_signature,
)
from daypass.secret import Secret

NOW = 1_765_432_100  # 2025-12-11T05:48:20Z
CREDENTIALS = Credentials("ASIAEXAMPLE", Secret("secret"), Secret("session-token"))


def _signed(
    *, service: str = "sts", now: int = NOW, headers: tuple[tuple[str, str], ...] = (), query: str = ""
) -> WireRequest:
    is_s3 = service == "s3"
    request = WireRequest("POST", "/", query, (("Host", "h.example"), *headers))
    payload = UNSIGNED_PAYLOAD if is_s3 else EMPTY_PAYLOAD_HASH
    sent = sign_request(
        CREDENTIALS, request, region="us-east-1", service=service, now=now, payload_hash=payload, is_s3=is_s3
    )
    return replace(request, headers=sent)


def _presigned(*, service: str = "sts", now: int = NOW, expires_in: int = 60) -> WireRequest:
    url = presign_url(
        CREDENTIALS,
        "https://h.example/",
        region="us-east-1",
        service=service,
        now=now,
        expires_in=expires_in,
        is_s3=service == "s3",
    )
    return WireRequest("GET", "/", url.partition("?")[2], (("Host", "h.example"),))


def _prove(request: WireRequest, rules: ServiceRules, now: int = NOW) -> None:
    payload = UNSIGNED_PAYLOAD if rules.is_s3 else EMPTY_PAYLOAD_HASH
    verify_signature(
        find_signature(request),
        request,
        CREDENTIALS.secret_access_key,
        now=now,
        rules=rules,
        payload_hash=payload,
    )


def _with_header(request: WireRequest, name: str, value: str | None) -> WireRequest:
    kept = tuple(pair for pair in request.headers if pair[0].lower() != name.lower())
    return replace(request, headers=kept if value is None else (*kept, (name, value)))


def _authorization(request: WireRequest) -> str:
    return dict(request.headers)["Authorization"]


# ---- finding -------------------------------------------------------------------------------------------


def test_no_signature_is_a_missing_token() -> None:
    with pytest.raises(MissingAuthenticationToken, match="Request is missing Authentication Token"):
        find_signature(WireRequest("GET", "/", "Action=x", (("Host", "h"),)))


def test_two_sources_are_refused() -> None:
    request = _signed()
    both = replace(request, raw_query=_presigned().raw_query)
    with pytest.raises(IncompleteSignature, match="Only one auth mechanism"):
        find_signature(both)
    with pytest.raises(IncompleteSignature, match="Only one auth mechanism"):
        find_signature(replace(request, raw_query="X%2DAmz-Signature=0"))


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "X-Amz-Date",
        "X-Amz-Security-Token",
        "X-Amz-Content-Sha256",
        "Host",
        "X-Amz-Region-Set",
    ],
)
def test_a_repeated_header_of_the_signature_is_refused(name: str) -> None:
    request = _signed(service="s3", headers=(("X-Amz-Region-Set", "*"),))
    repeated = replace(request, headers=(*request.headers, (name.upper(), dict(request.headers)[name])))
    with pytest.raises(IncompleteSignature, match="more than once"):
        find_signature(repeated)


@pytest.mark.parametrize(
    "name", ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature", "Security-Token"]
)
def test_a_repeated_or_missing_query_parameter_of_the_signature_is_refused(name: str) -> None:
    request = _presigned()
    pieces = request.raw_query.split("&")
    (piece,) = [piece for piece in pieces if piece.startswith(f"X-Amz-{name}=")]
    for repeated in (piece, piece.replace("X-", "X%2D", 1), f"X-Amz-{name}"):
        with pytest.raises(IncompleteSignature, match="more than once"):
            find_signature(replace(request, raw_query=f"{request.raw_query}&{repeated}"))
    if name != "Security-Token":
        without = replace(request, raw_query="&".join(p for p in pieces if p != piece))
        with pytest.raises(IncompleteSignature, match=f"must include X-Amz-{name}"):
            find_signature(without)


@pytest.mark.parametrize(
    "request_",
    [
        WireRequest("GET", "/b", "", (("Host", "h"), ("Authorization", "AWS AKID:c2ln"), ("Date", "x"))),
        WireRequest("GET", "/b", "AWSAccessKeyId=AKID&Expires=1&Signature=c2ln", (("Host", "h"),)),
        WireRequest(
            "GET", "/b", "AWSAccessKeyId=A&Signature=s&Expires=1&x-amz-security-token=t", (("Host", "h"),)
        ),
    ],
)
def test_signature_version_2_is_refused_with_the_setting_that_ends_it(request_: WireRequest) -> None:
    with pytest.raises(UnsupportedSignature, match="signature_version='s3v4'") as refusal:
        find_signature(request_)
    assert refusal.value.code == "InvalidRequest"
    assert "Please use AWS4-HMAC-SHA256" in refusal.value.message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512"),
        ("AWS4-HMAC-SHA256", "aws4-hmac-sha256"),
        ("/sts/", "//"),
        ("/sts/", "/sts/x/"),
        ("aws4_request", "aws4_requests"),
        ("Credential=", "Credentials="),
        ("Credential=ASIAEXAMPLE/", "Credential=/"),
        ("Credential=ASIAEXAMPLE/", "Credential=A B/"),
        ("SignedHeaders=", "SignedHeaders=x;"),
        ("SignedHeaders=host;", "SignedHeaders=host;host;"),
        ("SignedHeaders=host", "SignedHeaders=Host"),
        ("SignedHeaders=host", "SignedHeaders="),
        (", Signature=", ", Signature=0"),
        (", Signature=", ", Signature=x, Signature="),
        (", Signature=", ", Extra=1, Signature="),
        (", Signature=", " Signature="),
    ],
)
def test_a_malformed_authorization_header_is_incomplete(old: str, new: str) -> None:
    request = _signed()
    changed = _authorization(request).replace(old, new, 1)
    assert changed != _authorization(request)
    with pytest.raises(IncompleteSignature):
        find_signature(_with_header(request, "Authorization", changed))


def test_an_upper_case_signature_is_refused() -> None:
    request = _signed()
    head, _, signature = _authorization(request).rpartition("=")
    with pytest.raises(IncompleteSignature):
        find_signature(_with_header(request, "Authorization", f"{head}={signature.upper()}"))


@pytest.mark.parametrize("spacing", [",", ", ", " ,  ", ",\t"])
def test_parameters_may_be_spaced_freely(spacing: str) -> None:
    request = _signed()
    _prove(_with_header(request, "Authorization", _authorization(request).replace(", ", spacing)), STS_RULES)


@pytest.mark.parametrize(
    "date",
    ["20251211", "20251211T054820", "20251311T054820Z", "2025-12-11T05:48:20Z", "", "٢٠٢٥1211T054820Z"],
)
def test_a_malformed_date_is_incomplete(date: str) -> None:
    with pytest.raises(IncompleteSignature):
        parse_amz_date(date)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Thu, 11 Dec 2025 05:48:20 GMT", NOW),
        ("Thu, 11 Dec 2025 05:48:20 -0000", NOW),
        ("20251211T054820Z", NOW),
        ("Thu, 11 Dec 2025 05:48:20 +0100", None),
        ("Thu, 11 Foo 2025 05:48:20 GMT", None),
    ],
)
def test_the_date_header_stands_in_for_x_amz_date(date: str, expected: int | None) -> None:
    request = _with_header(_with_header(_signed(), "X-Amz-Date", None), "Date", date)
    if expected is None:
        with pytest.raises(IncompleteSignature):
            find_signature(request)
    else:
        assert find_signature(request).signed_at == expected


def test_a_signature_without_any_date_is_incomplete() -> None:
    with pytest.raises(IncompleteSignature, match="'X-Amz-Date' or a 'Date'"):
        find_signature(_with_header(_signed(), "X-Amz-Date", None))


@pytest.mark.parametrize(
    "expires", ["0", "604801", "-1", "+60", "6e1", " 60", "60.0", "6_0", "9999999", "%D9%A6%D9%A0"]
)
def test_a_presigned_life_is_one_second_to_a_week(expires: str) -> None:
    request = _presigned()
    with pytest.raises(IncompleteSignature):
        find_signature(
            replace(request, raw_query=request.raw_query.replace("Expires=60", f"Expires={expires}"))
        )
    for allowed in (1, 604_800):
        assert find_signature(_presigned(expires_in=allowed)).expires_in == allowed


def test_a_token_is_never_shown() -> None:
    assert "session-token" not in repr(find_signature(_signed()))
    assert "'secret'" not in repr(CREDENTIALS)
    assert "session-token" not in repr(CREDENTIALS)


# ---- claims ------------------------------------------------------------------------------------------------


def test_the_service_must_be_this_one() -> None:
    for signed_for, rules in (("sts", IAM_RULES), ("iam", STS_RULES), ("sts", S3_RULES), ("s3", STS_RULES)):
        with pytest.raises(SignatureDoesNotMatch, match="correct service"):
            _prove(_signed(service=signed_for), rules)
    _prove(_signed(service="iam"), IAM_RULES)


def test_the_scope_date_must_be_the_signing_date() -> None:
    request = _signed()
    changed = _authorization(request).replace("/20251211/", "/20251210/")
    with pytest.raises(SignatureDoesNotMatch, match="Date in Credential scope"):
        _prove(_with_header(request, "Authorization", changed), STS_RULES)


@pytest.mark.parametrize(
    ("rules", "skew", "too_old", "too_new"),
    [
        (STS_RULES, 300, SignatureDoesNotMatch, SignatureDoesNotMatch),
        (IAM_RULES, 300, SignatureDoesNotMatch, SignatureDoesNotMatch),
        (S3_RULES, 900, RequestTimeTooSkewed, RequestTimeTooSkewed),
    ],
)
def test_the_signing_time_may_differ_by_the_services_skew_and_no_more(
    rules: ServiceRules, skew: int, too_old: type[AwsError], too_new: type[AwsError]
) -> None:
    request = _signed(service=rules.service)
    for now in (NOW - skew, NOW, NOW + skew):
        _prove(request, rules, now)
    with pytest.raises(too_old):
        _prove(request, rules, NOW + skew + 1)
    with pytest.raises(too_new):
        _prove(request, rules, NOW - skew - 1)


def test_the_words_of_sts_about_time() -> None:
    with pytest.raises(SignatureDoesNotMatch) as refusal:
        _prove(_signed(), STS_RULES, NOW + 301)
    assert refusal.value.message == (
        "Signature expired: 20251211T054820Z is now earlier than 20251211T054821Z (20251211T055321Z - 5 min.)"
    )
    with pytest.raises(SignatureDoesNotMatch) as refusal:
        _prove(_signed(), STS_RULES, NOW - 301)
    assert refusal.value.message == (
        "Signature not yet current: 20251211T054820Z is still later than 20251211T054819Z (20251211T054319Z + 5 min.)"
    )


def test_a_presigned_request_lives_as_long_as_it_says() -> None:
    for now in (NOW - 300, NOW, NOW + 60):
        _prove(_presigned(), STS_RULES, now)
    with pytest.raises(SignatureDoesNotMatch, match="Signature expired"):
        _prove(_presigned(), STS_RULES, NOW + 61)
    with pytest.raises(SignatureDoesNotMatch, match="not yet current"):
        _prove(_presigned(), STS_RULES, NOW - 301)
    _prove(_presigned(service="s3", expires_in=604_800), S3_RULES, NOW + 604_800)
    with pytest.raises(AccessDenied, match=r"^Request has expired$"):
        _prove(_presigned(service="s3"), S3_RULES, NOW + 61)
    with pytest.raises(AccessDenied, match=r"^Request is not yet valid$"):
        _prove(_presigned(service="s3"), S3_RULES, NOW - 901)


def test_a_scope_without_a_region_is_refused() -> None:
    request = WireRequest("POST", "/", "", (("Host", "h.example"),))
    sent = sign_request(
        CREDENTIALS, request, region="", service="sts", now=NOW, payload_hash=EMPTY_PAYLOAD_HASH, is_s3=False
    )
    with pytest.raises(SignatureDoesNotMatch, match="valid region"):
        _prove(replace(request, headers=sent), STS_RULES)


def test_the_region_set_of_an_ecdsa_signature_must_be_signed() -> None:
    authorization = (
        "AWS4-ECDSA-P256-SHA256 Credential=ASIAEXAMPLE/20251211/sts/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=30" + "0" * 140
    )
    headers = (("Host", "h"), ("X-Amz-Date", "20251211T054820Z"), ("Authorization", authorization))
    with pytest.raises(SignatureDoesNotMatch, match="valid region"):
        _prove(WireRequest("POST", "/", "", headers), STS_RULES)
    with pytest.raises(IncompleteSignature, match="X-Amz-Region-Set"):
        _prove(WireRequest("POST", "/", "", (*headers, ("X-Amz-Region-Set", "*"))), STS_RULES)


def test_hmac_chunks_need_an_hmac_signature() -> None:
    authorization = (
        "AWS4-ECDSA-P256-SHA256 Credential=ASIAEXAMPLE/20251211/s3/aws4_request, "
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-region-set, Signature=30" + "0" * 140
    )
    headers = (
        ("Host", "h"),
        ("X-Amz-Date", "20251211T054820Z"),
        ("X-Amz-Region-Set", "*"),
        ("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("Authorization", authorization),
    )
    with pytest.raises(InvalidRequest, match="payload mode"):
        _prove(WireRequest("PUT", "/b/k", "", headers), S3_RULES)


def test_host_must_be_signed() -> None:
    request = _signed()
    changed = _authorization(request).replace("SignedHeaders=host;", "SignedHeaders=")
    with pytest.raises(SignatureDoesNotMatch, match="'Host'"):
        _prove(_with_header(request, "Authorization", changed), STS_RULES)


def test_a_signed_header_must_be_there() -> None:
    request = _signed(headers=(("X-Extra", "1"),))
    _prove(request, STS_RULES)
    with pytest.raises(SignatureDoesNotMatch, match="not in the request"):
        _prove(_with_header(request, "X-Extra", None), STS_RULES)


@pytest.mark.parametrize("name", ["x-amz-acl", "X-Amz-Copy-Source", "x-amz-meta-a"])
@pytest.mark.parametrize("signed", [_signed(service="s3"), _presigned(service="s3")], ids=["header", "query"])
def test_s3_refuses_an_x_amz_header_that_is_not_signed(signed: WireRequest, name: str) -> None:
    _prove(signed, S3_RULES)
    with pytest.raises(AccessDenied, match="headers present in the request which were not signed"):
        _prove(_with_header(signed, name, "x"), S3_RULES)
    _prove(_with_header(signed, "X-Amzn-Trace-Id", "x"), S3_RULES)


def _without_signed_token(service: str) -> WireRequest:
    """Signed as if there were no session, the token appended afterwards."""
    request = WireRequest("POST", "/", "", (("Host", "h.example"),))
    is_s3 = service == "s3"
    sent = sign_request(
        replace(CREDENTIALS, session_token=None),
        request,
        region="us-east-1",
        service=service,
        now=NOW,
        payload_hash=UNSIGNED_PAYLOAD if is_s3 else EMPTY_PAYLOAD_HASH,
        is_s3=is_s3,
    )
    return replace(request, headers=(*sent, ("X-Amz-Security-Token", "session-token")))


def test_a_token_appended_after_signing_is_for_services_that_allow_it() -> None:
    _prove(_without_signed_token("sts"), STS_RULES)
    with pytest.raises(AccessDenied, match="not signed"):
        _prove(_without_signed_token("sts"), replace(STS_RULES, is_token_signed=True))
    with pytest.raises(AccessDenied, match="not signed"):
        _prove(_without_signed_token("s3"), S3_RULES)


def test_a_token_appended_to_a_presigned_url_is_for_services_that_allow_it() -> None:
    for service, rules in (("sts", STS_RULES), ("s3", S3_RULES)):
        url = presign_url(
            replace(CREDENTIALS, session_token=None),
            "https://h.example/",
            region="us-east-1",
            service=service,
            now=NOW,
            expires_in=60,
            is_s3=rules.is_s3,
        )
        query = url.partition("?")[2] + "&X-Amz-Security-Token=session-token"
        request = WireRequest("GET", "/", query, (("Host", "h.example"),))
        if rules.is_s3:
            with pytest.raises(SignatureDoesNotMatch):
                _prove(request, rules)
        else:
            _prove(request, rules)


def test_s3_requires_the_payload_header() -> None:
    request = _with_header(
        _signed(service="sts"), "Authorization", _authorization(_signed()).replace("/sts/", "/s3/")
    )
    with pytest.raises(InvalidRequest, match="x-amz-content-sha256"):
        _prove(request, S3_RULES)


def test_the_claimed_payload_of_a_presigned_request() -> None:
    request = _presigned(service="s3")
    assert find_signature(request).claimed_payload == UNSIGNED_PAYLOAD
    hoisted = replace(request, raw_query=request.raw_query + "&X-Amz-Content-Sha256=" + "0" * 64)
    assert find_signature(hoisted).claimed_payload == "0" * 64
    unsigned_header = _with_header(request, "X-Amz-Content-Sha256", "1" * 64)
    assert find_signature(unsigned_header).claimed_payload == UNSIGNED_PAYLOAD


def test_the_proven_key_carries_what_chunks_chain_from() -> None:
    request = _signed(service="s3")
    signature = find_signature(request)
    key = verify_signature(
        signature,
        request,
        CREDENTIALS.secret_access_key,
        now=NOW,
        rules=S3_RULES,
        payload_hash=UNSIGNED_PAYLOAD,
    )
    assert (key.scope, key.amz_date, key.seed_signature) == (
        "20251211/us-east-1/s3/aws4_request",
        "20251211T054820Z",
        signature.signature,
    )
    assert len(key.key) == 32
    assert repr(key.key) not in repr(key)


@pytest.mark.parametrize("method", ["", "GET\n/", "G T", "GÉT"])
def test_a_method_that_is_not_a_word_is_refused(method: str) -> None:
    with pytest.raises(IncompleteSignature):
        find_signature(replace(_signed(), method=method))


def test_line_feeds_never_reach_the_canonical_text() -> None:
    """Else `/a` with the query `b=` would sign the path `/a\\nb=` without a query."""
    assert canonical_paths("/a\nb=", is_s3=True, is_normalised=False) == ("/a%0Ab%3D",)
    assert canonical_paths("/a\nb=", is_s3=False, is_normalised=True) == ("/a%0Ab%3D",)
    assert canonical_queries("a=1\nhost:x", may_omit_token=False) == ["a=1%0Ahost%3Ax"]


# ---- our own misuse --------------------------------------------------------------------------------------


def test_signing_needs_a_host_and_wire_texts() -> None:
    common: dict[str, Any] = {"region": "r", "service": "s3", "now": NOW, "payload_hash": "x", "is_s3": True}
    with pytest.raises(LocalProtocolError, match="host"):
        sign_request(CREDENTIALS, WireRequest("GET", "/", "", ()), **common)
    with pytest.raises(LocalProtocolError, match="latin-1"):
        sign_request(CREDENTIALS, WireRequest("GET", "/ሴ", "", (("Host", "h"),)), **common)
    with pytest.raises(LocalProtocolError):
        presign_url(CREDENTIALS, "/x", region="r", service="s3", now=NOW, expires_in=60, is_s3=True)
    with pytest.raises(LocalProtocolError):
        presign_url(CREDENTIALS, "https://h/", region="r", service="s3", now=NOW, expires_in=0, is_s3=True)
