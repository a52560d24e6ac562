-- Federation, PostgreSQL: identity providers, and role sessions that began at one.
-- Lists and records that are only ever read whole are JSON texts; the empty text stands for none, so that rows
-- written before need no change and a row without any is not decoded.

ALTER TABLE roles ADD COLUMN tags TEXT COLLATE "C" NOT NULL DEFAULT '';

-- `role_session` is the record. The three columns beside it repeat, for single logout, who the person is at
-- which provider; they are looked up by and never read back. Most sessions have none, hence partial indexes.
ALTER TABLE sign_in_sessions ADD COLUMN role_session TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE sign_in_sessions ADD COLUMN provider_arn TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE sign_in_sessions ADD COLUMN idp_subject TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE sign_in_sessions ADD COLUMN idp_session TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX sign_in_sessions_by_subject ON sign_in_sessions (provider_arn, idp_subject)
    WHERE provider_arn <> '';
CREATE INDEX sign_in_sessions_by_idp_session ON sign_in_sessions (provider_arn, idp_session)
    WHERE provider_arn <> '';

-- Still the hot table. No index may name a column that a refresh changes, also not in its WHERE, or a refresh
-- could no longer rewrite its row within the page: these four never change.
ALTER TABLE login_sessions ADD COLUMN role_session TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE login_sessions ADD COLUMN provider_arn TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE login_sessions ADD COLUMN idp_subject TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE login_sessions ADD COLUMN idp_session TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX login_sessions_by_subject ON login_sessions (provider_arn, idp_subject)
    WHERE provider_arn <> '';
CREATE INDEX login_sessions_by_idp_session ON login_sessions (provider_arn, idp_session)
    WHERE provider_arn <> '';

CREATE TABLE saml_providers (
    provider_arn TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts,
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    provider_uuid TEXT COLLATE "C" NOT NULL UNIQUE,
    metadata_document TEXT COLLATE "C" NOT NULL,
    entity_id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    valid_until BIGINT NOT NULL,
    sealed_service_key TEXT COLLATE "C" NOT NULL,
    service_certificate TEXT COLLATE "C" NOT NULL,
    assertion_encryption TEXT COLLATE "C" NOT NULL,
    private_keys TEXT COLLATE "C" NOT NULL,
    tags TEXT COLLATE "C" NOT NULL,
    UNIQUE (account_id, name_key)
);

CREATE TABLE oidc_providers (
    provider_arn TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts,
    url TEXT COLLATE "C" NOT NULL,
    client_ids TEXT COLLATE "C" NOT NULL,
    thumbprints TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    tags TEXT COLLATE "C" NOT NULL
);
CREATE INDEX oidc_providers_by_account ON oidc_providers (account_id, url);

-- Browsers on their way to a provider and back. Coming back deletes the row: the deletion is the use.
CREATE TABLE federation_requests (
    request_id TEXT COLLATE "C" PRIMARY KEY,
    provider_arn TEXT COLLATE "C" NOT NULL,
    browser_hash BYTEA NOT NULL,
    sealed_request TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL,
    nonce TEXT COLLATE "C" NOT NULL,
    sealed_verifier TEXT COLLATE "C" NOT NULL
);
CREATE INDEX federation_requests_by_expiry ON federation_requests (expires_at);

-- What may be used once, as a hash: assertions, tickets, logout tokens. Logged, unlike proofs of possession: a
-- crash of the database server must not make a stolen assertion good again.
CREATE TABLE used_once (
    use_key BYTEA PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX used_once_by_expiry ON used_once (expires_at);
