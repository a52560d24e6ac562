"""The IAM API's rows about SAML and OpenID Connect providers, and their tags.

What an action means stands in `flows/iam/`; parameters and answers are the service model's (`query_model.py`), save for
what the model says too loosely: ARNs, URLs, client ids and thumbprints are read by `domain/provider_identifiers.py`.
Metadata documents and private keys never reach an audit row, and no answer has a private key. The URL of an OpenID
Connect provider is shown without its scheme, as IAM does.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from daypass.server.domain import provider_identifiers as checks
from daypass.server.domain.identity_provider import OidcProvider, SamlProvider, provider_path
from daypass.server.flows.iam.oidc_providers import OidcProviders
from daypass.server.flows.iam.saml_providers import SamlProviders
from daypass.server.flows.iam.tags import Kind, Tagging
from daypass.server.web.iam_members import Members, end_members, tag_members
from daypass.server.web.iam_parts import IamParts
from daypass.server.web.model_operation import ModelOperation, Reader, changing, reading

__all__ = ["build_provider_operations"]

_KEYWORDS = {
    "SAMLProviderArn": "provider_arn",
    "SAMLMetadataDocument": "metadata_document",
    "AssertionEncryptionMode": "assertion_encryption",
    "AddPrivateKey": "added_private_key",
    "RemovePrivateKey": "removed_private_key",
    "OpenIDConnectProviderArn": "provider_arn",
    "ClientID": "client_id",
    "ClientIDList": "client_ids",
    "ThumbprintList": "thumbprints",
}


def _each(check: Callable[[str, str], str]) -> Reader:
    def read(member: str, texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(check(f"{member}.{number}.member", text) for number, text in enumerate(texts, start=1))

    return read


_READERS: Mapping[str, Reader] = {
    "SAMLProviderArn": checks.check_saml_provider_arn,
    "OpenIDConnectProviderArn": checks.check_oidc_provider_arn,
    "Url": checks.check_issuer_url,
    "ClientID": checks.check_client_id,
    "ClientIDList": _each(checks.check_client_id),
    "ThumbprintList": _each(checks.check_thumbprint),
}


_reading = partial(reading, keywords=_KEYWORDS, readers=_READERS)
_changing = partial(changing, keywords=_KEYWORDS, readers=_READERS)


def build_provider_operations(parts: IamParts) -> Mapping[str, ModelOperation]:
    """Every row of this file, by action."""
    rows = [*_saml_rows(parts), *_oidc_rows(parts)]
    rows += _tag_rows(parts, "SAMLProvider", "SAMLProviderArn")
    rows += _tag_rows(parts, "OpenIDConnectProvider", "OpenIDConnectProviderArn")
    return {row.action: row for row in rows}


def _saml_rows(parts: IamParts) -> tuple[ModelOperation, ...]:
    providers = SamlProviders(parts.storage, parts.ring, parts.randomness, parts.saml)
    return (
        _changing("CreateSAMLProvider", providers.create_saml_provider, _created_saml),
        _reading("GetSAMLProvider", providers.get_saml_provider, _saml),
        _reading("ListSAMLProviders", providers.list_saml_providers, _saml_list),
        _changing(
            "UpdateSAMLProvider",
            providers.update_saml_provider,
            lambda provider: {"SAMLProviderArn": provider.arn},
        ),
        _changing("DeleteSAMLProvider", providers.delete_saml_provider),
    )


def _oidc_rows(parts: IamParts) -> tuple[ModelOperation, ...]:
    providers = OidcProviders(parts.storage)
    return (
        _changing("CreateOpenIDConnectProvider", providers.create_oidc_provider, _created_oidc),
        _reading("GetOpenIDConnectProvider", providers.get_oidc_provider, _oidc),
        _reading(
            "ListOpenIDConnectProviders",
            providers.list_oidc_providers,
            lambda found: {"OpenIDConnectProviderList": [{"Arn": provider.arn} for provider in found]},
        ),
        _changing("DeleteOpenIDConnectProvider", providers.delete_oidc_provider),
        _changing("AddClientIDToOpenIDConnectProvider", providers.add_client_id),
        _changing("RemoveClientIDFromOpenIDConnectProvider", providers.remove_client_id),
        _changing("UpdateOpenIDConnectProviderThumbprint", providers.update_thumbprints),
    )


def _tag_rows(parts: IamParts, kind: Kind, parameter: str) -> tuple[ModelOperation, ...]:
    tagging = Tagging(kind, parts.storage, parts.ring)
    named = {parameter: "name"}
    return (
        changing(f"Tag{kind}", tagging.tag, keywords=named, readers=_READERS),
        changing(f"Untag{kind}", tagging.untag, keywords=named, readers=_READERS),
        reading(
            f"List{kind}Tags",
            tagging.list_tags,
            lambda listing: {"Tags": tag_members(listing.items), **end_members(listing)},
            keywords=named,
            readers=_READERS,
        ),
    )


def _created_saml(provider: SamlProvider) -> Members:
    return {"SAMLProviderArn": provider.arn, "Tags": tag_members(provider.tags)}


def _saml(provider: SamlProvider) -> Members:
    return {
        "SAMLProviderUUID": provider.provider_uuid,
        "SAMLMetadataDocument": provider.metadata_document,
        "CreateDate": provider.created_at,
        "ValidUntil": provider.valid_until,
        "Tags": tag_members(provider.tags),
        "AssertionEncryptionMode": provider.assertion_encryption or None,
        "PrivateKeyList": [
            {"KeyId": key.key_id, "Timestamp": key.created_at} for key in provider.private_keys
        ],
    }


def _saml_list(providers: Sequence[SamlProvider]) -> Members:
    return {
        "SAMLProviderList": [
            {"Arn": provider.arn, "ValidUntil": provider.valid_until, "CreateDate": provider.created_at}
            for provider in providers
        ]
    }


def _created_oidc(provider: OidcProvider) -> Members:
    return {"OpenIDConnectProviderArn": provider.arn, "Tags": tag_members(provider.tags)}


def _oidc(provider: OidcProvider) -> Members:
    return {
        "Url": provider_path(provider.url),
        "ClientIDList": provider.client_ids,
        "ThumbprintList": provider.thumbprints,
        "CreateDate": provider.created_at,
        "Tags": tag_members(provider.tags),
    }
