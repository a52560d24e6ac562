-- Tags of virtual MFA devices; and whom a policy bounds, by page in the order of names.

ALTER TABLE mfa_devices ADD COLUMN tags TEXT NOT NULL DEFAULT '';

DROP INDEX users_by_boundary;
CREATE INDEX users_by_boundary ON users (account_id, permissions_boundary, name_key)
    WHERE permissions_boundary <> '';
DROP INDEX roles_by_boundary;
CREATE INDEX roles_by_boundary ON roles (account_id, permissions_boundary, name_key)
    WHERE permissions_boundary <> '';
