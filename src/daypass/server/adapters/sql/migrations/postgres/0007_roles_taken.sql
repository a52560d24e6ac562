-- Roles that users took in the pages, PostgreSQL: whose they are, so that a person's page shows them and their end ends
-- them. Few sessions have such an owner, hence partial indexes. On the hot table a refresh never changes the column.

ALTER TABLE sign_in_sessions ADD COLUMN taken_by TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX sign_in_sessions_taken ON sign_in_sessions (taken_by) WHERE taken_by <> '';

ALTER TABLE login_sessions ADD COLUMN taken_by TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX login_sessions_taken ON login_sessions (taken_by) WHERE taken_by <> '';
