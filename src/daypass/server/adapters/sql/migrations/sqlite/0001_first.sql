-- The first schema, SQLite. Tables are STRICT: a value of the wrong type is refused, as PostgreSQL would.
-- `*_key` columns hold the lower-cased name: IAM compares names without regard to case.
-- Times are epoch seconds.

CREATE TABLE accounts (
    account_id TEXT PRIMARY KEY,
    alias TEXT UNIQUE,
    root_email TEXT NOT NULL UNIQUE,
    root_password_hash TEXT NOT NULL,
    root_credentials_epoch INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    account_id TEXT NOT NULL REFERENCES accounts,
    user_id TEXT NOT NULL,
    user_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    credentials_epoch INTEGER NOT NULL,
    PRIMARY KEY (account_id, user_id),
    UNIQUE (account_id, name_key)
) STRICT;

CREATE TABLE login_profiles (
    account_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    password_reset_required INTEGER NOT NULL,
    PRIMARY KEY (account_id, user_id),
    FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, user_id)
) STRICT;

CREATE TABLE roles (
    account_id TEXT NOT NULL REFERENCES accounts,
    role_id TEXT NOT NULL,
    role_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    trust_policy TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    description TEXT NOT NULL,
    max_session_duration INTEGER NOT NULL,
    PRIMARY KEY (account_id, role_id),
    UNIQUE (account_id, name_key)
) STRICT;

CREATE TABLE policies (
    policy_arn TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts,
    policy_id TEXT NOT NULL,
    policy_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    description TEXT NOT NULL,
    default_version_id TEXT NOT NULL,
    UNIQUE (account_id, name_key)
) STRICT;

-- policy_arn may name a policy shipped with the server, which has no row: so no foreign key there.
CREATE TABLE policy_attachments (
    account_id TEXT NOT NULL REFERENCES accounts,
    principal_id TEXT NOT NULL,
    policy_arn TEXT NOT NULL,
    PRIMARY KEY (account_id, principal_id, policy_arn)
) STRICT, WITHOUT ROWID;
CREATE INDEX policy_attachments_by_policy ON policy_attachments (policy_arn);

CREATE TABLE sign_in_sessions (
    session_id TEXT PRIMARY KEY,
    browser_hash BLOB NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts,
    principal_kind TEXT NOT NULL,
    principal_arn TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    credentials_epoch INTEGER NOT NULL,
    authenticated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_sessions_by_browser ON sign_in_sessions (browser_hash);
CREATE INDEX sign_in_sessions_by_expiry ON sign_in_sessions (expires_at);

-- The hot table. No index may name a column that a refresh changes.
CREATE TABLE login_sessions (
    session_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts,
    principal_kind TEXT NOT NULL,
    principal_arn TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    credentials_epoch INTEGER NOT NULL,
    client_id TEXT NOT NULL,
    dpop_jkt TEXT NOT NULL,
    generation INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    sealed_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX login_sessions_by_principal ON login_sessions (account_id, principal_id, created_at);
CREATE INDEX login_sessions_by_end ON login_sessions (ends_at);

-- Which code was used, by which request, and for which login session (NULL: burnt without one).
CREATE TABLE code_uses (
    code_id TEXT PRIMARY KEY,
    proof_key BLOB NOT NULL,
    request_hash BLOB NOT NULL,
    session_id TEXT,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX code_uses_by_expiry ON code_uses (expires_at);

-- With row ids: only the unique index is then written at random places, everything else at the end.
CREATE TABLE dpop_proofs (
    proof_key BLOB PRIMARY KEY NOT NULL,
    request_hash BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX dpop_proofs_by_expiry ON dpop_proofs (expires_at);

CREATE TABLE sign_in_attempts (
    attempt_key BLOB PRIMARY KEY,
    failures INTEGER NOT NULL,
    window_ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_attempts_by_end ON sign_in_attempts (window_ends_at);

CREATE TABLE buckets (
    name TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts,
    created_at INTEGER NOT NULL,
    region TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX buckets_by_account ON buckets (account_id, name);

CREATE TABLE audit_events (
    audit_number INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    event_time INTEGER NOT NULL,
    event_source TEXT NOT NULL,
    event_name TEXT NOT NULL,
    account_id TEXT NOT NULL,
    principal_arn TEXT NOT NULL,
    request_id TEXT NOT NULL,
    source_ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    is_secure INTEGER NOT NULL,
    error_code TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_events_by_time ON audit_events (event_time);
CREATE INDEX audit_events_by_account ON audit_events (account_id, event_time);
CREATE TRIGGER audit_events_never_change BEFORE UPDATE ON audit_events
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_events_never_vanish BEFORE DELETE ON audit_events
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- One row, rewritten by the readiness check: it proves the write path.
CREATE TABLE write_checks (
    check_number INTEGER PRIMARY KEY,
    checked_at INTEGER NOT NULL
) STRICT;
