-- Federation, SQLite: identity providers, and role sessions that began at one.
-- Lists and records that are only ever read whole are JSON texts; the empty text stands for none, so that rows
-- written before need no change and a row without any is not decoded.

ALTER TABLE roles ADD COLUMN tags TEXT NOT NULL DEFAULT '';

-- `role_session` is the record. The three columns beside it repeat, for single logout, who the person is at
-- which provider; they are looked up by and never read back. Most sessions have none, hence partial indexes.
ALTER TABLE sign_in_sessions ADD COLUMN role_session TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_in_sessions ADD COLUMN provider_arn TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_in_sessions ADD COLUMN idp_subject TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_in_sessions ADD COLUMN idp_session TEXT NOT NULL DEFAULT '';
CREATE INDEX sign_in_sessions_by_subject ON sign_in_sessions (provider_arn, idp_subject)
    WHERE provider_arn <> '';
CREATE INDEX sign_in_sessions_by_idp_session ON sign_in_sessions (provider_arn, idp_session)
    WHERE provider_arn <> '';

-- Still the hot table. No index may name a column that a refresh changes: these four never change.
ALTER TABLE login_sessions ADD COLUMN role_session TEXT NOT NULL DEFAULT '';
ALTER TABLE login_sessions ADD COLUMN provider_arn TEXT NOT NULL DEFAULT '';
ALTER TABLE login_sessions ADD COLUMN idp_subject TEXT NOT NULL DEFAULT '';
ALTER TABLE login_sessions ADD COLUMN idp_session TEXT NOT NULL DEFAULT '';
CREATE INDEX login_sessions_by_subject ON login_sessions (provider_arn, idp_subject)
    WHERE provider_arn <> '';
CREATE INDEX login_sessions_by_idp_session ON login_sessions (provider_arn, idp_session)
    WHERE provider_arn <> '';

-- A row holds a metadata document, so it may be large: with a row id, the indexes stay small.
CREATE TABLE saml_providers (
    provider_arn TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    provider_uuid TEXT NOT NULL UNIQUE,
    metadata_document TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    sealed_service_key TEXT NOT NULL,
    service_certificate TEXT NOT NULL,
    assertion_encryption TEXT NOT NULL,
    private_keys TEXT NOT NULL,
    tags TEXT NOT NULL,
    UNIQUE (account_id, name_key)
) STRICT;

CREATE TABLE oidc_providers (
    provider_arn TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts,
    url TEXT NOT NULL,
    client_ids TEXT NOT NULL,
    thumbprints TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    tags TEXT NOT NULL
) STRICT;
CREATE INDEX oidc_providers_by_account ON oidc_providers (account_id, url);

-- Browsers on their way to a provider and back. Coming back deletes the row: the deletion is the use.
CREATE TABLE federation_requests (
    request_id TEXT PRIMARY KEY,
    provider_arn TEXT NOT NULL,
    browser_hash BLOB NOT NULL,
    sealed_request TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    nonce TEXT NOT NULL,
    sealed_verifier TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX federation_requests_by_expiry ON federation_requests (expires_at);

-- What may be used once, as a hash: assertions, tickets, logout tokens.
CREATE TABLE used_once (
    use_key BLOB PRIMARY KEY NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_once_by_expiry ON used_once (expires_at);
