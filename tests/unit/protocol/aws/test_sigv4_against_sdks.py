"""Live oracles: what botocore and the C runtime sign, we verify; what we sign, botocore would sign too.

Every test also changes the secret, so a verifier that accepts everything fails here.
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from unittest.mock import patch
from urllib.parse import quote, urlsplit

import awscrt.auth
import awscrt.http
import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as SdkCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.protocol.aws.errors import SignatureDoesNotMatch
from daypass.protocol.aws.presigned_url import presign_url
from daypass.protocol.aws.sigv4 import (
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

NOW = 1_765_432_100
KEY_ID, SECRET, TOKEN = "ASIADAYPASSEXAMPLE00", "s/e+c=r~e t", "IQ/token+with=odd~chars=="

ODD_PATHS = [
    "/", "/bucket/key", "/bucket/a%20b", "/bucket/a+b", "/bucket/a%2Bb", "/bucket/~tilde", "/bucket/%7Etilde",
    "/bucket/%E1%88%B4/%F0%9F%94%91", "/bucket//double//slash/", "/bucket/./dot/../dots", "/bucket/a%2Fb",
    "/bucket/!$&'()*,;:@=", "/bucket/%21%24%26%27%28%29%2A", "/bucket/a%e1b", "/bucket/trailing.",
]  # fmt: skip
ODD_QUERIES = [
    "", "acl", "acl=", "uploads", "a=1&a=2&a=1", "b=2&a=1", "prefix=a%20b", "prefix=a%2Bb", "prefix=%7E~", "k=",
    "list-type=2&delimiter=%2F&prefix=%E1%88%B4", "a%20key=v", "A=1&a=2&B=3", "a=1&a-=2&a.=3", "x=%3D%3D&y==",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _frozen_sdk_clock() -> Any:
    moment = datetime.fromtimestamp(NOW, UTC)
    with patch.object(botocore.auth, "get_current_datetime", return_value=moment.replace(tzinfo=None)):
        yield


def _wire(method: str, url: str, headers: Any) -> WireRequest:
    parts = urlsplit(url)
    pairs = [
        (name, value.decode("latin-1") if isinstance(value, bytes) else value)
        for name, value in headers.items()
    ]
    if not any(name.lower() == "host" for name, _ in pairs):
        pairs.insert(0, ("Host", parts.netloc))
    return WireRequest(method, parts.path, parts.query, tuple(pairs))


def _prove(request: WireRequest, rules: ServiceRules, payload_hash: str | None = None) -> None:
    signature = find_signature(request)
    assert signature.access_key_id == KEY_ID
    assert signature.session_token in (TOKEN, None)
    common: dict[str, Any] = {
        "now": NOW,
        "rules": rules,
        "payload_hash": payload_hash or signature.claimed_payload,
    }
    verify_signature(signature, request, Secret(SECRET), **common)
    with pytest.raises(SignatureDoesNotMatch):
        verify_signature(signature, request, Secret(SECRET + "x"), **common)


def _sdk_sign(
    auth: Any, method: str, url: str, *, data: bytes = b"", headers: dict[str, str] | None = None, **more: Any
) -> WireRequest:
    request = AWSRequest(method=method, url=url, data=data, headers=headers or {}, **more)
    request.context.update({"client_config": None})
    auth.add_auth(request)
    prepared = request.prepare()
    return _wire(method, prepared.url, prepared.headers)


_SDK_CREDENTIALS = [SdkCredentials(KEY_ID, SECRET, TOKEN), SdkCredentials(KEY_ID, SECRET)]


@pytest.mark.parametrize("credentials", _SDK_CREDENTIALS, ids=["session", "key"])
def test_a_botocore_sts_call_verifies(credentials: SdkCredentials) -> None:
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    request = _sdk_sign(
        botocore.auth.SigV4Auth(credentials, "sts", "eu-west-1"),
        "POST",
        "http://127.0.0.1:8080/",
        data=body,
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "User-Agent": "x"},
    )
    _prove(request, STS_RULES, sha256(body).hexdigest())
    with pytest.raises(SignatureDoesNotMatch):
        _prove(request, STS_RULES, sha256(body + b"&x=y").hexdigest())


def test_a_botocore_call_with_a_date_header_verifies() -> None:
    request = _sdk_sign(
        botocore.auth.SigV4Auth(_SDK_CREDENTIALS[0], "sts", "eu-west-1"),
        "GET",
        "https://sts.example/?Action=GetCallerIdentity",
        headers={"Date": "Thu, 01 Jan 1970 00:00:00 GMT"},
    )
    names = [name.lower() for name, _ in request.headers]
    assert "date" in names
    assert "x-amz-date" not in names
    _prove(request, STS_RULES, sha256(b"").hexdigest())


@pytest.mark.parametrize("query", ODD_QUERIES)
@pytest.mark.parametrize("path", ODD_PATHS)
def test_botocore_s3_requests_verify_in_every_odd_spelling(path: str, query: str) -> None:
    url = f"https://s3.example:9000{path}" + (f"?{query}" if query else "")
    auth = botocore.auth.S3SigV4Auth(_SDK_CREDENTIALS[0], "s3", "us-east-1")
    request = _sdk_sign(
        auth, "PUT", url, data=b"body", headers={"X-Amz-Meta-Name": " two  spaces ", "Content-MD5": "x"}
    )
    _prove(request, S3_RULES)
    presigner = botocore.auth.S3SigV4QueryAuth(_SDK_CREDENTIALS[0], "s3", "us-east-1", expires=60)
    _prove(_sdk_sign(presigner, "GET", url), S3_RULES)


@pytest.mark.parametrize("query", ["prefix=a+b", "a=+&a=%20", "+=1"])
def test_a_plus_as_sent_verifies_in_the_query(query: str) -> None:
    auth = botocore.auth.S3SigV4Auth(_SDK_CREDENTIALS[0], "s3", "us-east-1")
    _prove(_sdk_sign(auth, "GET", f"https://s3.example/bucket?{query}"), S3_RULES)


def test_a_plus_never_stands_for_an_encoded_plus() -> None:
    auth = botocore.auth.S3SigV4Auth(_SDK_CREDENTIALS[0], "s3", "us-east-1")
    request = _sdk_sign(auth, "GET", "https://s3.example/bucket?prefix=a%2Bb")
    changed = WireRequest(request.method, request.raw_path, "prefix=a+b", request.headers)
    with pytest.raises(SignatureDoesNotMatch):
        _prove(changed, S3_RULES)


_PARAMETERS = st.dictionaries(st.text(min_size=1, max_size=6), st.text(max_size=6), max_size=4)


@settings(max_examples=200, deadline=None)
@given(parameters=_PARAMETERS, key=st.text(min_size=1, max_size=20))
def test_any_botocore_request_verifies(parameters: dict[str, str], key: str) -> None:
    url = "https://s3.example/bucket/" + quote(key, safe="/~")
    for auth, rules in (
        (botocore.auth.S3SigV4Auth(_SDK_CREDENTIALS[0], "s3", "us-east-1"), S3_RULES),
        (botocore.auth.S3SigV4QueryAuth(_SDK_CREDENTIALS[0], "s3", "us-east-1"), S3_RULES),
        (botocore.auth.SigV4Auth(_SDK_CREDENTIALS[0], "sts", "us-east-1"), STS_RULES),
        (botocore.auth.SigV4QueryAuth(_SDK_CREDENTIALS[0], "sts", "us-east-1"), STS_RULES),
    ):
        request = _sdk_sign(auth, "GET", url, params=dict(parameters))
        _prove(request, rules, None if rules is S3_RULES else sha256(b"").hexdigest())


# ---- the C runtime ------------------------------------------------------------------------------------


def _crt_sign(method: str, target: str, headers: list[tuple[str, str]], **config: Any) -> WireRequest:
    request = awscrt.http.HttpRequest(method, target, awscrt.http.HttpHeaders(headers))
    settings_ = awscrt.auth.AwsSigningConfig(
        credentials_provider=awscrt.auth.AwsCredentialsProvider.new_static(KEY_ID, SECRET, TOKEN),
        date=datetime.fromtimestamp(NOW, UTC),
        region="us-east-1",
        **config,
    )
    awscrt.auth.aws_sign_request(request, settings_).result(10)
    path, _, query = request.path.partition("?")
    return WireRequest(method, path, query, tuple(request.headers))


_S3_CONFIG: dict[str, Any] = {
    "service": "s3",
    "use_double_uri_encode": False,
    "should_normalize_uri_path": False,
    "signed_body_header_type": awscrt.auth.AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256,
}
_ALGORITHMS = [awscrt.auth.AwsSigningAlgorithm.V4, awscrt.auth.AwsSigningAlgorithm.V4_ASYMMETRIC]
_FORMS = [
    awscrt.auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
    awscrt.auth.AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS,
]


@pytest.mark.parametrize("algorithm", _ALGORITHMS, ids=["hmac", "ecdsa"])
@pytest.mark.parametrize("form", _FORMS, ids=["header", "query"])
@pytest.mark.parametrize("path", [path for path in ODD_PATHS if path != "/bucket/a+b"])
def test_s3_requests_of_the_c_runtime_verify(path: str, form: Any, algorithm: Any) -> None:
    config = dict(_S3_CONFIG, algorithm=algorithm, signature_type=form, signed_body_value=UNSIGNED_PAYLOAD)
    if form is _FORMS[1]:
        config["expiration_in_seconds"] = 900
        del config["signed_body_header_type"]
    for query in ODD_QUERIES:
        request = _crt_sign("GET", path + ("?" + query if query else ""), [("Host", "s3.example")], **config)
        _prove(request, S3_RULES)


@pytest.mark.parametrize("algorithm", _ALGORITHMS, ids=["hmac", "ecdsa"])
@pytest.mark.parametrize("omit_session_token", [False, True])
@pytest.mark.parametrize("form", _FORMS, ids=["header", "query"])
def test_sts_requests_of_the_c_runtime_verify(form: Any, omit_session_token: bool, algorithm: Any) -> None:
    config: dict[str, Any] = {"expiration_in_seconds": 60} if form is _FORMS[1] else {}
    request = _crt_sign(
        "GET",
        "/?Action=GetCallerIdentity&Version=2011-06-15",
        [("Host", "sts.example"), ("X-Spaces", "  a   b  ")],
        service="sts",
        signature_type=form,
        algorithm=algorithm,
        omit_session_token=omit_session_token,
        **config,
    )
    _prove(request, STS_RULES, sha256(b"").hexdigest())


# ---- our own signatures -------------------------------------------------------------------------------


def _ours(session: bool) -> Credentials:
    return Credentials(KEY_ID, Secret(SECRET), Secret(TOKEN) if session else None)


@pytest.mark.parametrize("query", ODD_QUERIES)
@pytest.mark.parametrize("path", ODD_PATHS)
def test_what_we_sign_for_s3_verifies_and_equals_what_botocore_signs(path: str, query: str) -> None:
    unsigned = WireRequest(
        "PUT", path, query, (("Host", "s3.example"), ("X-Amz-Meta-A", "b"), ("User-Agent", "u"))
    )
    payload = sha256(b"body").hexdigest()
    headers = sign_request(
        _ours(session=True),
        unsigned,
        region="us-east-1",
        service="s3",
        now=NOW,
        payload_hash=payload,
        is_s3=True,
    )
    request = WireRequest("PUT", path, query, headers)
    _prove(request, S3_RULES)
    is_normal = "+" not in path and all(c not in path for c in "!$&'()*,;:@=") and "%7E" not in path + query
    if (
        is_normal
        and "%2F" not in path
        and "%e1" not in path
        and query not in ("acl", "uploads", "x=%3D%3D&y==")
    ):
        auth = botocore.auth.S3SigV4Auth(_SDK_CREDENTIALS[0], "s3", "us-east-1")
        sdk = _sdk_sign(
            auth, "PUT", f"https://s3.example{path}?{query}", data=b"body", headers={"X-Amz-Meta-A": "b"}
        )
        assert find_signature(sdk).signature == find_signature(request).signature


def test_signing_again_replaces_the_earlier_signature() -> None:
    unsigned = WireRequest("POST", "/", "", (("Host", "sts.example"),))
    first = sign_request(
        _ours(session=True),
        unsigned,
        region="r",
        service="sts",
        now=NOW - 9,
        payload_hash="0" * 64,
        is_s3=False,
    )
    again = sign_request(
        _ours(session=False),
        WireRequest("POST", "/", "", first),
        region="r",
        service="sts",
        now=NOW,
        payload_hash="0" * 64,
        is_s3=False,
    )
    assert [name for name, _ in again] == ["Host", "X-Amz-Date", "Authorization"]
    _prove(WireRequest("POST", "/", "", again), STS_RULES, "0" * 64)


@pytest.mark.parametrize("session", [True, False])
@pytest.mark.parametrize("is_s3", [True, False])
def test_our_presigned_urls_verify(is_s3: bool, session: bool) -> None:
    url = presign_url(
        _ours(session=session),
        "https://host.example:444/bucket/a%20b?list-type=2&x=%2B",
        region="us-east-1",
        service="s3" if is_s3 else "sts",
        now=NOW,
        expires_in=60,
        is_s3=is_s3,
    )
    request = _wire("GET", url, {})
    _prove(request, S3_RULES if is_s3 else STS_RULES, None if is_s3 else sha256(b"").hexdigest())
