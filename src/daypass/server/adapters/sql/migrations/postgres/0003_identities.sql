-- Identities and what they hold, PostgreSQL. Lists and records that are only ever read whole are JSON texts; the empty
-- text stands for none, so that rows written before need no change and a row without any is not decoded.

ALTER TABLE users ADD COLUMN tags TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN permissions_boundary TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN password_last_used BIGINT NOT NULL DEFAULT 0;
ALTER TABLE roles ADD COLUMN permissions_boundary TEXT COLLATE "C" NOT NULL DEFAULT '';
-- Few have a boundary, and deleting a policy asks who.
CREATE INDEX users_by_boundary ON users (account_id, permissions_boundary) WHERE permissions_boundary <> '';
CREATE INDEX roles_by_boundary ON roles (account_id, permissions_boundary) WHERE permissions_boundary <> '';

-- Of many users, the few below a path. Most have none.
CREATE INDEX users_by_path ON users (account_id, path) WHERE path <> '/';

-- The passwords a person had before, newest last: `password_reuse_prevention` counts them. 0: as old as the profile.
ALTER TABLE login_profiles ADD COLUMN password_changed_at BIGINT NOT NULL DEFAULT 0;
CREATE TABLE old_passwords (
    old_password_number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    password_hash TEXT COLLATE "C" NOT NULL,
    FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, user_id)
);
CREATE INDEX old_passwords_by_user ON old_passwords (account_id, user_id, old_password_number);

CREATE TABLE groups (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts,
    group_id TEXT COLLATE "C" NOT NULL,
    group_name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, group_id),
    UNIQUE (account_id, name_key)
);

-- `user_key` repeats the user's `name_key`: a group's members are read by page in the order of names, however
-- many they are. Renaming a user writes both.
CREATE TABLE group_members (
    account_id TEXT COLLATE "C" NOT NULL,
    group_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    user_key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, user_id, group_id),
    FOREIGN KEY (account_id, group_id) REFERENCES groups (account_id, group_id),
    FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, user_id)
);
CREATE INDEX group_members_by_group ON group_members (account_id, group_id, user_key);

-- `principal_id` is a user's, a group's or a role's.
CREATE TABLE inline_policies (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts,
    principal_id TEXT COLLATE "C" NOT NULL,
    policy_name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, principal_id, name_key)
);

-- `policies.document` repeats the default version's: that is what every decision reads.
ALTER TABLE policies ADD COLUMN tags TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE policies ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE policies ADD COLUMN newest_version BIGINT NOT NULL DEFAULT 1;
CREATE TABLE policy_versions (
    policy_arn TEXT COLLATE "C" NOT NULL REFERENCES policies,
    version_number BIGINT NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (policy_arn, version_number)
);
INSERT INTO policy_versions (policy_arn, version_number, document, created_at)
    SELECT policy_arn, 1, document, created_at FROM policies;

-- Of a policy that everybody has, who in one account has it.
DROP INDEX policy_attachments_by_policy;
CREATE INDEX policy_attachments_by_policy ON policy_attachments (policy_arn, account_id);

CREATE TABLE access_keys (
    access_key_id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    sealed_secret TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    last_used_service TEXT COLLATE "C" NOT NULL,
    last_used_region TEXT COLLATE "C" NOT NULL,
    FOREIGN KEY (account_id, user_id) REFERENCES users (account_id, user_id)
);
CREATE INDEX access_keys_by_user ON access_keys (account_id, user_id, created_at);

-- `owner_id` is a user's, the account id for root's, empty while nobody's.
CREATE TABLE mfa_devices (
    serial_number TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts,
    owner_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    enabled_at BIGINT NOT NULL,
    sealed_seed TEXT COLLATE "C" NOT NULL,
    last_step BIGINT NOT NULL,
    credential_id BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    sign_count BIGINT NOT NULL
);
CREATE INDEX mfa_devices_by_owner ON mfa_devices (account_id, owner_id, enabled_at);
CREATE INDEX mfa_devices_virtual ON mfa_devices (account_id, serial_number) WHERE kind = 'totp';
CREATE UNIQUE INDEX mfa_devices_by_credential ON mfa_devices (credential_id) WHERE kind = 'passkey';

-- As hashes. Using one deletes its row: the deletion is the use.
CREATE TABLE recovery_codes (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts,
    owner_id TEXT COLLATE "C" NOT NULL,
    code_hash BYTEA NOT NULL,
    PRIMARY KEY (account_id, owner_id, code_hash)
);

CREATE TABLE account_password_policies (
    account_id TEXT COLLATE "C" PRIMARY KEY REFERENCES accounts,
    policy TEXT COLLATE "C" NOT NULL
);

CREATE TABLE service_control_policies (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts,
    policy_name TEXT COLLATE "C" NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, policy_name)
);

ALTER TABLE sign_in_sessions ADD COLUMN mfa_at BIGINT NOT NULL DEFAULT 0;

-- Still the hot table: a refresh changes none of these three, nor `revoked_at`.
ALTER TABLE login_sessions ADD COLUMN mfa_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE login_sessions ADD COLUMN scope TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE login_sessions ADD COLUMN parent_id TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX login_sessions_by_parent ON login_sessions (parent_id) WHERE parent_id <> '';
CREATE INDEX login_sessions_revoked ON login_sessions (account_id, principal_id, revoked_at)
    WHERE revoked_at IS NOT NULL;
