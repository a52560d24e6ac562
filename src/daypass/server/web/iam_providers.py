"""The IAM API's rows about identity providers, and how their parameters are read.

What an action means stands in `flows/iam/`, what its answer looks like in `iam_provider_answers.py`. Metadata
documents and private keys never reach an audit row. (IAM API reference, operations of these names)
"""

from collections.abc import Mapping

from daypass.secret import Secret
from daypass.server.domain import identifiers
from daypass.server.domain import provider_identifiers as checks
from daypass.server.domain.key_ring import KeyRing
from daypass.server.flows.iam.oidc_providers import OidcProviders
from daypass.server.flows.iam.saml_providers import SamlProviders
from daypass.server.flows.iam.tags import Tagging
from daypass.server.ports.clock import Randomness
from daypass.server.ports.saml import SamlServiceProvider
from daypass.server.ports.storage import Storage
from daypass.server.web import iam_provider_answers as answers
from daypass.server.web import iam_values as values
from daypass.server.web.query_operation import ListParameter, Operation, Parameter, changing

__all__ = ["build_provider_operations", "build_provider_tag_operations"]

_LIST_ROOM = 1000
"""How long a list may be before the quota behind it speaks in its own words."""


def _metadata(member: str, text: str) -> str:
    return identifiers.check_length(member, text, least=1000, most=10_000_000)


def _private_key(member: str, text: str) -> Secret:
    identifiers.check_length(member, text, least=1, most=16_384)
    return Secret(identifiers.check_text(member, text, most=16_384))


_SAML_ARN = Parameter("SAMLProviderArn", "provider_arn", checks.check_saml_provider_arn, is_required=True)
_METADATA = Parameter("SAMLMetadataDocument", "metadata_document", _metadata, is_logged=False)
_MODE = Parameter("AssertionEncryptionMode", "assertion_encryption", values.enumerated("Required", "Allowed"))
_ADDED_KEY = Parameter("AddPrivateKey", "added_private_key", _private_key, is_logged=False)
_OIDC_ARN = Parameter(
    "OpenIDConnectProviderArn", "provider_arn", checks.check_oidc_provider_arn, is_required=True
)
_CLIENT_ID = Parameter("ClientID", "client_id", checks.check_client_id, is_required=True)
_CLIENT_IDS = ListParameter("ClientIDList", "client_ids", checks.check_client_id, most=_LIST_ROOM)
_THUMBPRINTS = ListParameter("ThumbprintList", "thumbprints", checks.check_thumbprint, most=_LIST_ROOM)
_CREATED_SAML = (
    Parameter("Name", "name", checks.check_saml_provider_name, is_required=True),
    values.required(_METADATA),
    values.TAGS,
    _MODE,
    _ADDED_KEY,
)
_UPDATED_SAML = (
    _SAML_ARN,
    _METADATA,
    _MODE,
    _ADDED_KEY,
    Parameter("RemovePrivateKey", "removed_private_key", checks.check_private_key_id),
)
_CREATED_OIDC = (
    Parameter("Url", "url", checks.check_issuer_url, is_required=True),
    _CLIENT_IDS,
    _THUMBPRINTS,
    values.TAGS,
)


def build_provider_operations(
    *, storage: Storage, ring: KeyRing, randomness: Randomness, saml: SamlServiceProvider
) -> Mapping[str, Operation]:
    """Every action about SAML and OpenID Connect providers but their tags."""
    of_saml = SamlProviders(storage, ring, randomness, saml)
    of_oidc = OidcProviders(storage)
    arn, listed = answers.answer_saml_provider_arn, answers.answer_oidc_providers
    created, change = answers.answer_created_oidc_provider, changing
    return {
        "CreateSAMLProvider": change(
            of_saml.create_saml_provider, answers.answer_created_saml_provider, *_CREATED_SAML
        ),
        "GetSAMLProvider": Operation(of_saml.get_saml_provider, answers.answer_saml_provider, (_SAML_ARN,)),
        "ListSAMLProviders": Operation(of_saml.list_saml_providers, answers.answer_saml_providers),
        "UpdateSAMLProvider": change(of_saml.update_saml_provider, arn, *_UPDATED_SAML),
        "DeleteSAMLProvider": change(of_saml.delete_saml_provider, None, _SAML_ARN),
        "CreateOpenIDConnectProvider": change(of_oidc.create_oidc_provider, created, *_CREATED_OIDC),
        "GetOpenIDConnectProvider": Operation(
            of_oidc.get_oidc_provider, answers.answer_oidc_provider, (_OIDC_ARN,)
        ),
        "ListOpenIDConnectProviders": Operation(of_oidc.list_oidc_providers, listed),
        "DeleteOpenIDConnectProvider": change(of_oidc.delete_oidc_provider, None, _OIDC_ARN),
        "AddClientIDToOpenIDConnectProvider": change(of_oidc.add_client_id, None, _OIDC_ARN, _CLIENT_ID),
        "RemoveClientIDFromOpenIDConnectProvider": change(
            of_oidc.remove_client_id, None, _OIDC_ARN, _CLIENT_ID
        ),
        "UpdateOpenIDConnectProviderThumbprint": change(
            of_oidc.update_thumbprints, None, _OIDC_ARN, values.required(_THUMBPRINTS)
        ),
    }


def build_provider_tag_operations(*, storage: Storage, ring: KeyRing) -> Mapping[str, Operation]:
    """The actions about the tags of both kinds of providers."""
    operations: dict[str, Operation] = {}
    tags, keys = values.required(values.TAGS), values.TAG_KEYS
    for tagging, parameter in (
        (Tagging("SAMLProvider", storage, ring), _SAML_ARN),
        (Tagging("OpenIDConnectProvider", storage, ring), _OIDC_ARN),
    ):
        name = values.named(parameter, "name")
        kind = tagging.kind
        operations[f"Tag{kind}"] = changing(tagging.tag, None, name, tags)
        operations[f"Untag{kind}"] = changing(tagging.untag, None, name, keys)
        operations[f"List{kind}Tags"] = Operation(
            tagging.list_tags, answers.answer_tags, (name, *values.MARKED_PAGE)
        )
    return operations
