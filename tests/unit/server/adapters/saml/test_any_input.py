"""No input makes this package raise anything but its own refusals, and nothing altered says something new."""

import base64
import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daypass.errors import DaypassError
from daypass.protocol.aws.errors import (
    ExpiredIdentityToken,
    IDPRejectedClaim,
    InvalidIdentityToken,
    InvalidInput,
)
from daypass.server.adapters.saml import Saml2ServiceProvider
from daypass.server.domain.identity_provider import SamlProvider
from support.saml_forge import ACS, NOW, Draft, encryptor, key, metadata

SP = Saml2ServiceProvider()
OURS = (InvalidIdentityToken, ExpiredIdentityToken, IDPRejectedClaim)
PLENTY = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
GOOD = Draft(in_response_to="_request1").xml()
SEALED = [
    Draft(encrypt=encryptor(key("ours"), cipher=cipher)).xml() for cipher in ("aes128-cbc", "aes256-gcm")
]
METADATA = metadata(key("idp"))
SNIPPETS = st.one_of(
    st.binary(max_size=20),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [b"<!---->", b"<?x?>", b"&#0;", b"&lt;", b"<![CDATA[x]]>", b"<saml:Issuer/>", b' ID="_x"', b' xmlns:saml="x"', b"\r", b"]]>", b' xml:space="x"', b' xmlns=""']
    ),
)  # fmt: skip


@st.composite
def altered(draw: st.DrawFn, documents: list[bytes]) -> bytes:
    """A good document with one to three places overwritten, doubled, or cut out."""
    document = bytearray(draw(st.sampled_from(documents)))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(document)))
        end = min(len(document), start + draw(st.integers(0, 40)))
        document[start:end] = draw(st.one_of(SNIPPETS, st.just(bytes(document[start:end]) * 2)))
    return bytes(document)


@PLENTY
@given(document=altered([GOOD]))
def test_an_altered_response_is_refused_by_name_or_says_the_same(
    document: bytes, judge, provider: SamlProvider
) -> None:
    try:
        found = judge(document)
    except OURS:
        return
    honest = judge(GOOD)
    assert found == honest


@PLENTY
@given(document=altered(SEALED))
def test_an_altered_encrypted_response_is_refused_by_name_or_says_the_same(document: bytes, judge) -> None:
    try:
        found = judge(document)
    except OURS:
        return
    assert found == judge(SEALED[0])


@PLENTY
@given(document=st.one_of(altered([GOOD, *SEALED]), st.binary(max_size=400)))
def test_reading_unproven_responses_raises_only_refusals(document: bytes) -> None:
    with contextlib.suppress(InvalidIdentityToken):
        SP.read_response(base64.b64encode(document).decode())


@PLENTY
@given(
    field=st.one_of(
        st.text(max_size=400), st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode())
    )
)
def test_any_field_raises_only_refusals(field: str, judge) -> None:
    with pytest.raises(OURS):
        judge(field)


@PLENTY
@given(
    document=st.one_of(
        st.text(max_size=400),
        altered([METADATA.encode()]).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    )
)
def test_any_metadata_raises_only_invalid_input(document: str) -> None:
    try:
        found = SP.parse_metadata(document, now=NOW)
    except InvalidInput:
        return
    assert found.valid_until > NOW


@PLENTY
@given(
    query=st.one_of(
        st.text(max_size=200),
        st.lists(
            st.tuples(
                st.sampled_from(["SAMLRequest", "RelayState", "SigAlg", "Signature"]), st.text(max_size=30)
            )
        ).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)),
    ),
    form=st.one_of(st.none(), st.text(max_size=50)),
)
def test_any_logout_message_raises_only_refusals(
    query: str, form: str | None, provider: SamlProvider
) -> None:
    with pytest.raises(OURS):
        SP.verify_logout_request(
            query=None if form is not None else query,
            form=form,
            provider=provider,
            destination=ACS,
            now=NOW,
        )


@PLENTY
@given(pem=st.text(max_size=300))
def test_any_private_key_text_raises_only_invalid_input(pem: str) -> None:
    for text in (pem, f"-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(DaypassError):
            SP.read_private_key(text)
