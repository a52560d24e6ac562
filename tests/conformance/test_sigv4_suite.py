"""The public AWS signing suite: every case verifies, every byte changed is refused.

A mutation may verify only where it is *listed* as meaning the same (`_EQUIVALENCES`), and each such rule
is computed with the standard library, not with the code under test.
"""

import json
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from urllib.parse import parse_qsl

import pytest

from daypass.protocol.aws.amz_date import parse_amz_date
from daypass.protocol.aws.canonical_request import (
    canonical_paths,
    canonical_queries,
    canonical_request,
    collect_headers,
)
from daypass.protocol.aws.errors import AwsError, InvalidClientTokenId, SignatureDoesNotMatch
from daypass.protocol.aws.sigv4 import (
    UnverifiedSignature,
    WireRequest,
    find_signature,
    string_to_sign,
    verify_signature,
)
from daypass.protocol.aws.sigv4a import derive_public_key, verify_ecdsa
from support.signing_suite import SUITE, SuiteCase, suite_cases

HMAC_CASES = suite_cases("v4")
ECDSA_CASES = suite_cases("v4a")
REQUEST_ONLY = {"get-vanilla-query-order-key", "get-vanilla-query-order-value"}
"""ECDSA folders the suite ships without any signed form."""


def test_the_suite_is_whole() -> None:
    assert len(HMAC_CASES) == 38 * 2
    folders = {folder.name for folder in (SUITE / "v4a").iterdir()}
    assert len(folders) == 40
    assert {case.folder.name for case in ECDSA_CASES} == folders - REQUEST_ONLY


def _signed_at(case: SuiteCase) -> int:
    return parse_amz_date(re.sub("[-:]", "", case.context["timestamp"]))


def _verify(case: SuiteCase, request: WireRequest, payload_hash: str) -> UnverifiedSignature:
    signature = find_signature(request)
    if signature.access_key_id != case.context["credentials"]["access_key_id"]:
        raise InvalidClientTokenId(
            "no such key"
        )  # the header form signs no key id: it is what finds the secret
    verify_signature(
        signature, request, case.secret, now=_signed_at(case), rules=case.rules, payload_hash=payload_hash
    )
    return signature


def _spellings(case: SuiteCase, signature: UnverifiedSignature, request: WireRequest) -> list[bytes]:
    return [
        canonical_request(
            method=request.method,
            path=path,
            query=query,
            headers=collect_headers(request),
            signed_headers=signature.signed_headers,
            payload_hash=case.payload_hash(),
        )
        for path in canonical_paths(
            request.raw_path, is_s3=False, is_normalised=case.rules.is_path_normalised
        )
        for query in canonical_queries(
            request.raw_query, may_omit_token=signature.is_presigned and not case.rules.is_token_signed
        )
    ]


@pytest.mark.parametrize("case", HMAC_CASES, ids=str)
def test_each_hmac_case_verifies_and_each_step_is_the_published_text(case: SuiteCase) -> None:
    request, _ = case.signed_request()
    signature = _verify(case, request, case.payload_hash())
    spellings = _spellings(case, signature, request)
    published = case.text("canonical-request")
    if case.rules.is_token_signed:
        assert spellings[0] == published
    else:
        assert published in spellings
    assert string_to_sign(
        algorithm=signature.algorithm, amz_date=signature.amz_date, scope=signature.scope, canonical=published
    ) == case.text("string-to-sign")
    assert signature.signature.encode() == case.text("signature")
    assert signature.access_key_id == case.context["credentials"]["access_key_id"]
    assert signature.session_token == case.context["credentials"].get("token")
    assert (signature.region, signature.service) == (case.context["region"], case.context["service"])
    assert signature.is_presigned == (case.form == "query")
    assert signature.expires_in == (case.context["expiration_in_seconds"] if case.form == "query" else None)


@pytest.mark.parametrize("case", ECDSA_CASES, ids=str)
def test_each_ecdsa_case_verifies_with_the_published_key(case: SuiteCase) -> None:
    request, _ = case.signed_request()
    signature = _verify(case, request, case.payload_hash())
    published = case.text("canonical-request")
    assert published in _spellings(case, signature, request)
    text = string_to_sign(
        algorithm=signature.algorithm, amz_date=signature.amz_date, scope=signature.scope, canonical=published
    )
    assert text == case.text("string-to-sign")
    public_key = derive_public_key(case.context["credentials"]["access_key_id"], case.secret)
    numbers = public_key.public_numbers()
    expected = json.loads((case.folder / "public-key.json").read_text())
    assert (numbers.x, numbers.y) == (int(expected["X"], 16), int(expected["Y"], 16))
    verify_ecdsa(public_key, text, signature=case.text("signature").decode())
    assert signature.region == "us-east-1"


@pytest.mark.parametrize("case", ECDSA_CASES[:6], ids=str)
def test_an_ecdsa_signature_over_another_text_is_refused(case: SuiteCase) -> None:
    request, _ = case.signed_request()
    with pytest.raises(SignatureDoesNotMatch):
        _verify(case, replace(request, method="PUT"), case.payload_hash())
    with pytest.raises(SignatureDoesNotMatch):
        _verify(case, request, sha256(b"another body").hexdigest())


@pytest.mark.parametrize("case", HMAC_CASES + ECDSA_CASES, ids=str)
def test_another_secret_is_refused(case: SuiteCase) -> None:
    request, _ = case.signed_request()
    signature = find_signature(request)
    with pytest.raises(SignatureDoesNotMatch, match="The request signature we calculated does not match"):
        verify_signature(
            signature,
            request,
            type(case.secret)(case.secret.reveal() + "x"),
            now=_signed_at(case),
            rules=case.rules,
            payload_hash=case.payload_hash(),
        )


# ---- every byte, every bit -------------------------------------------------------------------------


def _text_mutations(text: str) -> Iterator[str]:
    """Every bit of every byte flipped, and every byte removed."""
    for position, character in enumerate(text):
        for bit in range(8):
            yield text[:position] + chr(ord(character) ^ (1 << bit)) + text[position + 1 :]
        yield text[:position] + text[position + 1 :]


def _mutations(request: WireRequest) -> Iterator[tuple[str, WireRequest]]:
    for text in _text_mutations(request.method):
        yield "method", replace(request, method=text)
    for text in _text_mutations(request.raw_path):
        yield "path", replace(request, raw_path=text)
    for text in _text_mutations(request.raw_query):
        yield "query", replace(request, raw_query=text)
    for index, (name, value) in enumerate(request.headers):
        before, after = request.headers[:index], request.headers[index + 1 :]
        for text in _text_mutations(name):
            yield "header name", replace(request, headers=(*before, (text, value), *after))
        for text in _text_mutations(value):
            yield "header value", replace(request, headers=(*before, (name, text), *after))


def _fold_white_space(_: SuiteCase, request: WireRequest) -> WireRequest:
    folded = [(name, re.sub(r"[ \t\r\n\v\f]+", " ", value).strip(" ")) for name, value in request.headers]
    return replace(request, headers=tuple(folded))


def _lower_header_names(_: SuiteCase, request: WireRequest) -> WireRequest:
    return replace(request, headers=tuple((name.lower(), value) for name, value in request.headers))


def _pack_authorization(_: SuiteCase, request: WireRequest) -> WireRequest:
    packed = [(n, v.replace(", ", ",") if n == "Authorization" else v) for n, v in request.headers]
    return replace(request, headers=tuple(packed))


def _sort_parameters(_: SuiteCase, request: WireRequest) -> WireRequest:
    parameters = sorted(parse_qsl(request.raw_query, keep_blank_values=True, encoding="latin-1"))
    return replace(request, raw_query=repr(parameters))


def _normalise_path(case: SuiteCase, request: WireRequest) -> WireRequest:
    if not case.rules.is_path_normalised:
        return request
    ends = "/" if request.raw_path.endswith("/") else ""
    return replace(request, raw_path=re.sub("/+", "/", posixpath.normpath("/" + request.raw_path) + ends))


def _forget_appended_token(case: SuiteCase, request: WireRequest) -> WireRequest:
    """Blanks only what stands where the token was appended: one header, or one query parameter."""
    if not case.context.get("omit_session_token"):
        return request
    names = [name for name, _ in case.signed_request()[0].headers]
    at = names.index("X-Amz-Security-Token") if "X-Amz-Security-Token" in names else -1
    headers = [("", "") if index == at else pair for index, pair in enumerate(request.headers)]
    query = re.sub("&X-Amz-Security-Token=[^&]*&", "&", request.raw_query)
    return replace(request, headers=tuple(headers), raw_query=query)


_EQUIVALENCES: dict[str, Callable[[SuiteCase, WireRequest], WireRequest]] = {
    "runs of white space in a header value are one space (Create a canonical request)": _fold_white_space,
    "header names have no case (RFC 9110 §5.1)": _lower_header_names,
    "white space between the Authorization parameters is optional": _pack_authorization,
    "the query names the same parameters: hex digits' case, an empty piece, `a` for `a=`": _sort_parameters,
    "the path is the same after removing dot segments and empty segments": _normalise_path,
    "the token was appended after signing; it chooses the key, so it cannot be swapped": _forget_appended_token,
}
"""Why a changed request may verify: it is the same request after this rewriting, and nothing else differs."""


@pytest.mark.parametrize("case", HMAC_CASES, ids=str)
def test_every_mutated_byte_is_refused_unless_listed_as_equivalent(case: SuiteCase) -> None:
    request, _ = case.signed_request()
    payload_hash = case.payload_hash()
    refused = 0
    for where, mutated in _mutations(request):
        try:
            _verify(case, mutated, payload_hash)
        except AwsError:
            refused += 1
            continue
        reasons = [
            reason
            for reason, rewritten in _EQUIVALENCES.items()
            if rewritten(case, request) == rewritten(case, mutated)
        ]
        assert reasons, f"a changed {where} was accepted: {mutated}"
    assert refused > 1500


@pytest.mark.parametrize("case", HMAC_CASES, ids=str)
def test_every_mutated_byte_of_the_body_is_refused(case: SuiteCase) -> None:
    request, body = case.signed_request()
    mutated_bodies = [text.encode("latin-1") for text in _text_mutations(body.decode("latin-1"))]
    for mutated in [*mutated_bodies, body + b"x"]:
        with pytest.raises(SignatureDoesNotMatch):
            _verify(case, request, sha256(mutated).hexdigest())
