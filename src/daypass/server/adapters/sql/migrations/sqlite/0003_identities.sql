-- Identities and what they hold, SQLite. Lists and records that are only ever read whole are JSON texts; the empty
-- text stands for none, so that rows written before need no change and a row without any is not decoded.

ALTER TABLE users ADD COLUMN tags TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN permissions_boundary TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN password_last_used INTEGER NOT NULL DEFAULT 0;
ALTER TABLE roles ADD COLUMN permissions_boundary TEXT NOT NULL DEFAULT '';
-- Few have a boundary, and deleting a policy asks who.
CREATE INDEX users_by_boundary ON users (account_id, permissions_boundary) WHERE permissions_boundary <> '';
CREATE INDEX roles_by_boundary ON roles (account_id, permissions_boundary) WHERE permissions_boundary <> '';

-- Of many users, the few below a path. Most have none.
CREATE INDEX users_by_path ON users (account_id, path) WHERE path <> '/';

-- The passwords a person had before, newest last: `password_reuse_prevention` counts them. 0: as old as the profile.
ALTER TABLE login_profiles ADD COLUMN password_changed_at INTEGER NOT NULL DEFAULT 0;
CREATE TABLE old_passwords (
    old_password_number INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, user_id)
) STRICT;
CREATE INDEX old_passwords_by_user ON old_passwords (account_id, user_id, old_password_number);

CREATE TABLE groups (
    account_id TEXT NOT NULL REFERENCES accounts,
    group_id TEXT NOT NULL,
    group_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, group_id),
    UNIQUE (account_id, name_key)
) STRICT;

-- `user_key` repeats the user's `name_key`: a group's members are read by page in the order of names, however
-- many they are. Renaming a user writes both.
CREATE TABLE group_members (
    account_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    user_key TEXT NOT NULL,
    PRIMARY KEY (account_id, user_id, group_id),
    FOREIGN KEY (account_id, group_id) REFERENCES groups (account_id, group_id),
    FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_by_group ON group_members (account_id, group_id, user_key);

-- `principal_id` is a user's, a group's or a role's.
CREATE TABLE inline_policies (
    account_id TEXT NOT NULL REFERENCES accounts,
    principal_id TEXT NOT NULL,
    policy_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account_id, principal_id, name_key)
) STRICT;

-- `policies.document` repeats the default version's: that is what every decision reads.
ALTER TABLE policies ADD COLUMN tags TEXT NOT NULL DEFAULT '';
ALTER TABLE policies ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE policies ADD COLUMN newest_version INTEGER NOT NULL DEFAULT 1;
CREATE TABLE policy_versions (
    policy_arn TEXT NOT NULL REFERENCES policies,
    version_number INTEGER NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (policy_arn, version_number)
) STRICT;
INSERT INTO policy_versions (policy_arn, version_number, document, created_at)
    SELECT policy_arn, 1, document, created_at FROM policies;

-- Of a policy that everybody has, who in one account has it.
DROP INDEX policy_attachments_by_policy;
CREATE INDEX policy_attachments_by_policy ON policy_attachments (policy_arn, account_id);

CREATE TABLE access_keys (
    access_key_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    sealed_secret TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    last_used_service TEXT NOT NULL,
    last_used_region TEXT NOT NULL,
    FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, user_id)
) STRICT;
CREATE INDEX access_keys_by_user ON access_keys (account_id, user_id, created_at);

-- `owner_id` is a user's, the account id for root's, empty while nobody's.
CREATE TABLE mfa_devices (
    serial_number TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts,
    owner_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    enabled_at INTEGER NOT NULL,
    sealed_seed TEXT NOT NULL,
    last_step INTEGER NOT NULL,
    credential_id BLOB NOT NULL,
    public_key BLOB NOT NULL,
    sign_count INTEGER NOT NULL
) STRICT;
CREATE INDEX mfa_devices_by_owner ON mfa_devices (account_id, owner_id, enabled_at);
CREATE INDEX mfa_devices_virtual ON mfa_devices (account_id, serial_number) WHERE kind = 'totp';
CREATE UNIQUE INDEX mfa_devices_by_credential ON mfa_devices (credential_id) WHERE kind = 'passkey';

-- As hashes. Using one deletes its row: the deletion is the use.
CREATE TABLE recovery_codes (
    account_id TEXT NOT NULL REFERENCES accounts,
    owner_id TEXT NOT NULL,
    code_hash BLOB NOT NULL,
    PRIMARY KEY (account_id, owner_id, code_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_password_policies (
    account_id TEXT PRIMARY KEY REFERENCES accounts,
    policy TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE service_control_policies (
    account_id TEXT NOT NULL REFERENCES accounts,
    policy_name TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, policy_name)
) STRICT;

ALTER TABLE sign_in_sessions ADD COLUMN mfa_at INTEGER NOT NULL DEFAULT 0;

-- Still the hot table: a refresh changes none of these three, nor `revoked_at`.
ALTER TABLE login_sessions ADD COLUMN mfa_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE login_sessions ADD COLUMN scope TEXT NOT NULL DEFAULT '';
ALTER TABLE login_sessions ADD COLUMN parent_id TEXT NOT NULL DEFAULT '';
CREATE INDEX login_sessions_by_parent ON login_sessions (parent_id) WHERE parent_id <> '';
CREATE INDEX login_sessions_revoked ON login_sessions (account_id, principal_id, revoked_at)
    WHERE revoked_at IS NOT NULL;
