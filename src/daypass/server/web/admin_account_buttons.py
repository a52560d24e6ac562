"""Buttons about the account as a whole and its identity providers: rows of the table in `admin_button_table.py`."""

from daypass.server.web.admin_buttons import Button, Field

__all__ = ["ACCOUNT_BUTTONS", "OIDC", "PROVIDER_BUTTONS", "SAML"]

SAML = Field("SAMLProviderArn", "Provider", "given")
OIDC = Field("OpenIDConnectProviderArn", "Provider", "given")
_CLIENT = Field("ClientID", "Client ID", "given")
_METADATA = Field(
    "SAMLMetadataDocument",
    "Metadata, in XML",
    "document",
    "As the identity provider publishes it. Whoever may sign assertions by it may sign in here.",
    is_needed=True,
)
_THUMBPRINTS = Field(
    "ThumbprintList",
    "Thumbprints",
    "lines",
    "One on a line. Kept for tools that ask; the server trusts its certificate authorities.",
)

ACCOUNT_BUTTONS = (
    Button(
        "CreateAccountAlias",
        "The account's alias",
        "Save alias",
        (Field("AccountAlias", "Alias", hint="3 to 63 small letters, digits and dashes.", is_needed=True),),
        "",
        "The alias is set.",
        "It stands in the sign-in address instead of the account number. An alias before it stops working.",
    ),
    Button(
        "DeleteAccountAlias",
        "Remove the alias {AccountAlias}?",
        "Remove alias",
        (Field("AccountAlias", "Alias", "given"),),
        "",
        "The alias is removed.",
        "The sign-in address with it stops working, and somebody else may take the name. The address with the account"
        " number works on.",
        is_grave=True,
    ),
    Button(
        "UpdateAccountPasswordPolicy",
        "What passwords must be",
        "Save password policy",
        (
            Field(
                "MinimumPasswordLength",
                "Least length",
                "number",
                "6 to 128 characters. The server's own minimum holds besides.",
            ),
            Field("RequireUppercaseCharacters", "A capital letter", "tick"),
            Field("RequireLowercaseCharacters", "A small letter", "tick"),
            Field("RequireNumbers", "A digit", "tick"),
            Field("RequireSymbols", "A symbol", "tick"),
            Field("AllowUsersToChangePassword", "Users may change their own password", "tick"),
            Field("MaxPasswordAge", "Days until it must be changed", "number", "1 to 1095. Empty: never."),
            Field(
                "PasswordReusePrevention",
                "Earlier passwords that are refused",
                "number",
                "1 to 24. Empty: none.",
            ),
            Field("HardExpiry", "Whose password has run out needs an administrator", "tick"),
        ),
        "",
        "The password policy is set.",
        "It holds for passwords chosen from now on; nobody's present password ends.",
    ),
    Button(
        "DeleteAccountPasswordPolicy",
        "Remove the account's password policy?",
        "Remove password policy",
        (),
        "",
        "The password policy is removed.",
        "Every requirement of it is gone, and passwords no longer run out. The server's own rules hold.",
        is_grave=True,
    ),
)

PROVIDER_BUTTONS = (
    Button(
        "CreateSAMLProvider",
        "Add a SAML provider",
        "Add provider",
        (Field("Name", "Name", hint="Letters, digits and . _ -", is_needed=True), _METADATA),
        "provider?arn={arn}",
        "The provider is added. Now let the trust policy of a role name it.",
        back="providers",
    ),
    Button(
        "UpdateSAMLProvider",
        "New metadata for {SAMLProviderArn}",
        "Save metadata",
        (SAML, _METADATA),
        "provider?arn={SAMLProviderArn}",
        "The metadata is replaced.",
        "From now on only what the new metadata's certificates sign is believed.",
        is_grave=True,
    ),
    Button(
        "DeleteSAMLProvider",
        "Delete {SAMLProviderArn}?",
        "Delete provider",
        (SAML,),
        "providers",
        "The provider is deleted.",
        "Nobody can sign in through it any more, and its keys are gone: added anew, it must be set up anew at the other"
        " side too. Trust policies of roles keep its name.",
        is_grave=True,
        back="provider?arn={SAMLProviderArn}",
    ),
    Button(
        "CreateOpenIDConnectProvider",
        "Add an OpenID Connect provider",
        "Add provider",
        (
            Field("Url", "Address", hint="The issuer, such as https://token.example.com", is_needed=True),
            Field("ClientIDList", "Client IDs", "lines", "One on a line: the audiences its tokens may have."),
            _THUMBPRINTS,
        ),
        "provider?arn={arn}",
        "The provider is added. Now let the trust policy of a role name it.",
        back="providers",
    ),
    Button(
        "AddClientIDToOpenIDConnectProvider",
        "Another client ID",
        "Add client ID",
        (OIDC, Field("ClientID", "Client ID", is_needed=True)),
        "provider?arn={OpenIDConnectProviderArn}",
        "The client ID is added.",
    ),
    Button(
        "RemoveClientIDFromOpenIDConnectProvider",
        "Remove the client ID {ClientID}?",
        "Remove client ID",
        (OIDC, _CLIENT),
        "provider?arn={OpenIDConnectProviderArn}",
        "The client ID is removed.",
        "Tokens made for it are refused from now on.",
        is_grave=True,
    ),
    Button(
        "UpdateOpenIDConnectProviderThumbprint",
        "Thumbprints",
        "Save thumbprints",
        (OIDC, _THUMBPRINTS),
        "provider?arn={OpenIDConnectProviderArn}",
        "The thumbprints are replaced.",
    ),
    Button(
        "DeleteOpenIDConnectProvider",
        "Delete {OpenIDConnectProviderArn}?",
        "Delete provider",
        (OIDC,),
        "providers",
        "The provider is deleted.",
        "Its tokens are refused from now on. Trust policies of roles keep its name.",
        is_grave=True,
        back="provider?arn={OpenIDConnectProviderArn}",
    ),
)
