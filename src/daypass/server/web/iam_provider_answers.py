"""The members of IAM's answers about identity providers and tags, one function per shape of the reference.

No answer has a private key. The URL of an OpenID Connect provider is shown without its scheme, as IAM does.
"""

from collections.abc import Mapping, Sequence

from daypass.protocol.aws.query import XmlValue
from daypass.protocol.aws.xml import format_timestamp
from daypass.server.domain.identity_provider import OidcProvider, SamlProvider, Tags, provider_path
from daypass.server.domain.paging import Listing

__all__ = [
    "answer_created_oidc_provider",
    "answer_created_saml_provider",
    "answer_oidc_provider",
    "answer_oidc_providers",
    "answer_saml_provider",
    "answer_saml_provider_arn",
    "answer_saml_providers",
    "answer_tags",
    "tag_members",
]

Members = Mapping[str, XmlValue]


def tag_members(tags: Tags) -> list[XmlValue]:
    """Each tag as the structure `Tag`."""
    return [{"Key": key, "Value": value} for key, value in tags]


def answer_tags(listing: Listing[tuple[str, str]]) -> Members:
    """ListRoleTags, ListSAMLProviderTags, ListOpenIDConnectProviderTags."""
    return {
        "Tags": tag_members(listing.items),
        "IsTruncated": listing.marker is not None,
        "Marker": listing.marker,
    }


def answer_created_saml_provider(provider: SamlProvider) -> Members:
    """CreateSAMLProvider."""
    return {"SAMLProviderArn": provider.arn, "Tags": tag_members(provider.tags)}


def answer_saml_provider_arn(provider: SamlProvider) -> Members:
    """UpdateSAMLProvider."""
    return {"SAMLProviderArn": provider.arn}


def answer_saml_provider(provider: SamlProvider) -> Members:
    """GetSAMLProvider."""
    keys: list[XmlValue] = [
        {"KeyId": key.key_id, "Timestamp": format_timestamp(key.created_at)} for key in provider.private_keys
    ]
    return {
        "SAMLProviderUUID": provider.provider_uuid,
        "SAMLMetadataDocument": provider.metadata_document,
        "CreateDate": format_timestamp(provider.created_at),
        "ValidUntil": format_timestamp(provider.valid_until),
        "Tags": tag_members(provider.tags),
        "AssertionEncryptionMode": provider.assertion_encryption or None,
        "PrivateKeyList": keys,
    }


def answer_saml_providers(providers: Sequence[SamlProvider]) -> Members:
    """ListSAMLProviders."""
    return {
        "SAMLProviderList": [
            {
                "Arn": provider.arn,
                "ValidUntil": format_timestamp(provider.valid_until),
                "CreateDate": format_timestamp(provider.created_at),
            }
            for provider in providers
        ]
    }


def answer_created_oidc_provider(provider: OidcProvider) -> Members:
    """CreateOpenIDConnectProvider."""
    return {"OpenIDConnectProviderArn": provider.arn, "Tags": tag_members(provider.tags)}


def answer_oidc_provider(provider: OidcProvider) -> Members:
    """GetOpenIDConnectProvider."""
    return {
        "Url": provider_path(provider.url),
        "ClientIDList": list(provider.client_ids),
        "ThumbprintList": list(provider.thumbprints),
        "CreateDate": format_timestamp(provider.created_at),
        "Tags": tag_members(provider.tags),
    }


def answer_oidc_providers(providers: Sequence[OidcProvider]) -> Members:
    """ListOpenIDConnectProviders."""
    return {"OpenIDConnectProviderList": [{"Arn": provider.arn} for provider in providers]}
