"""Changes that count only while the thing still is as it was read, on both engines."""

from dataclasses import replace

import pytest

from daypass.protocol.aws.errors import ConcurrentModification
from daypass.server.ports.storage import Storage
from support.storage_records import (
    ACCOUNT_ID,
    make_oidc_provider,
    make_role,
    make_saml_provider,
)


async def test_what_changed_since_it_was_read_is_not_overwritten(storage: Storage) -> None:
    saml, oidc, role = make_saml_provider("Corp"), make_oidc_provider("idp.example.com"), make_role()
    await storage.saml_providers.create_saml_provider(saml)
    await storage.oidc_providers.create_oidc_provider(oidc)
    await storage.roles.create_role(role)
    tags = (("Changed", "yes"),)
    await storage.saml_providers.update_saml_provider(replace(saml, tags=tags), before=saml)
    await storage.oidc_providers.update_oidc_provider(replace(oidc, tags=tags), before=oidc)
    await storage.roles.update_role(ACCOUNT_ID, role.role_name, tags=tags, tags_before=role.tags)
    revision = await storage.accounts.load_revision(ACCOUNT_ID)
    with pytest.raises(ConcurrentModification):
        await storage.saml_providers.update_saml_provider(saml, before=saml)
    with pytest.raises(ConcurrentModification):
        await storage.oidc_providers.update_oidc_provider(oidc, before=oidc)
    with pytest.raises(ConcurrentModification):
        await storage.roles.update_role(ACCOUNT_ID, role.role_name, tags=(), tags_before=role.tags)
    assert await storage.accounts.load_revision(ACCOUNT_ID) == revision, "nothing half done"
    assert (await storage.saml_providers.load_saml_provider(saml.arn)) == replace(saml, tags=tags)
    assert (await storage.oidc_providers.load_oidc_provider(oidc.arn)) == replace(oidc, tags=tags)
