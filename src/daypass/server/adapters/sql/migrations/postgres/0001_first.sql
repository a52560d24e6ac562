-- The first schema, PostgreSQL. Text is COLLATE "C", so that names order as in SQLite: by code point.
-- `*_key` columns hold the lower-cased name: IAM compares names without regard to case.
-- Times are epoch seconds.

CREATE TABLE accounts (
    account_id TEXT COLLATE "C" PRIMARY KEY,
    alias TEXT COLLATE "C" UNIQUE,
    root_email TEXT COLLATE "C" NOT NULL UNIQUE,
    root_password_hash TEXT COLLATE "C" NOT NULL,
    root_credentials_epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    revision BIGINT NOT NULL
);

CREATE TABLE users (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts,
    user_id TEXT COLLATE "C" NOT NULL,
    user_name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    credentials_epoch BIGINT NOT NULL,
    PRIMARY KEY (account_id, user_id),
    UNIQUE (account_id, name_key)
);

CREATE TABLE login_profiles (
    account_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    password_hash TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    password_reset_required BOOLEAN NOT NULL,
    PRIMARY KEY (account_id, user_id),
    FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, user_id)
);

CREATE TABLE roles (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts,
    role_id TEXT COLLATE "C" NOT NULL,
    role_name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    trust_policy TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    max_session_duration BIGINT NOT NULL,
    PRIMARY KEY (account_id, role_id),
    UNIQUE (account_id, name_key)
);

CREATE TABLE policies (
    policy_arn TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts,
    policy_id TEXT COLLATE "C" NOT NULL,
    policy_name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    default_version_id TEXT COLLATE "C" NOT NULL,
    UNIQUE (account_id, name_key)
);

-- policy_arn may name a policy shipped with the server, which has no row: so no foreign key there.
CREATE TABLE policy_attachments (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts,
    principal_id TEXT COLLATE "C" NOT NULL,
    policy_arn TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, principal_id, policy_arn)
);
CREATE INDEX policy_attachments_by_policy ON policy_attachments (policy_arn);

CREATE TABLE sign_in_sessions (
    session_id TEXT COLLATE "C" PRIMARY KEY,
    browser_hash BYTEA NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts,
    principal_kind TEXT COLLATE "C" NOT NULL,
    principal_arn TEXT COLLATE "C" NOT NULL,
    principal_id TEXT COLLATE "C" NOT NULL,
    credentials_epoch BIGINT NOT NULL,
    authenticated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL
);
CREATE INDEX sign_in_sessions_by_browser ON sign_in_sessions (browser_hash);
CREATE INDEX sign_in_sessions_by_expiry ON sign_in_sessions (expires_at);

-- The hot table. No index may name a column that a refresh changes, and pages keep room: then a refresh
-- rewrites its row within the page and touches no index (heap-only tuples).
CREATE TABLE login_sessions (
    session_id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts,
    principal_kind TEXT COLLATE "C" NOT NULL,
    principal_arn TEXT COLLATE "C" NOT NULL,
    principal_id TEXT COLLATE "C" NOT NULL,
    credentials_epoch BIGINT NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    dpop_jkt TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    sealed_by TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    revoked_at BIGINT
) WITH (fillfactor = 70);
CREATE INDEX login_sessions_by_principal ON login_sessions (account_id, principal_id, created_at);
CREATE INDEX login_sessions_by_end ON login_sessions (ends_at);

-- Which code was used, by which request, and for which login session (NULL: burnt without one).
CREATE TABLE code_uses (
    code_id TEXT COLLATE "C" PRIMARY KEY,
    proof_key BYTEA NOT NULL,
    request_hash BYTEA NOT NULL,
    session_id TEXT COLLATE "C",
    expires_at BIGINT NOT NULL
);
CREATE INDEX code_uses_by_expiry ON code_uses (expires_at);

-- UNLOGGED: twice as fast, and empty after a crash of the database server. What that re-opens is small: a
-- proof already seen could come with another request during its last minutes, but a code is used once and
-- a generation is rotated once by tables that are logged.
CREATE UNLOGGED TABLE dpop_proofs (
    proof_key BYTEA PRIMARY KEY,
    request_hash BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX dpop_proofs_by_expiry ON dpop_proofs (expires_at);

CREATE TABLE sign_in_attempts (
    attempt_key BYTEA PRIMARY KEY,
    failures BIGINT NOT NULL,
    window_ends_at BIGINT NOT NULL
);
CREATE INDEX sign_in_attempts_by_end ON sign_in_attempts (window_ends_at);

CREATE TABLE buckets (
    name TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts,
    created_at BIGINT NOT NULL,
    region TEXT COLLATE "C" NOT NULL
);
CREATE INDEX buckets_by_account ON buckets (account_id, name);

CREATE TABLE audit_events (
    audit_number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id TEXT COLLATE "C" NOT NULL,
    event_time BIGINT NOT NULL,
    event_source TEXT COLLATE "C" NOT NULL,
    event_name TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    principal_arn TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    source_ip TEXT COLLATE "C" NOT NULL,
    user_agent TEXT COLLATE "C" NOT NULL,
    is_secure BOOLEAN NOT NULL,
    error_code TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL
);
CREATE INDEX audit_events_by_time ON audit_events (event_time);
CREATE INDEX audit_events_by_account ON audit_events (account_id, event_time);
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE TRIGGER audit_events_never_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- One row, rewritten by the readiness check: it proves the write path.
CREATE TABLE write_checks (
    check_number BIGINT PRIMARY KEY,
    checked_at BIGINT NOT NULL
);
