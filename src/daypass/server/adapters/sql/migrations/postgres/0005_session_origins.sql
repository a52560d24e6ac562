-- From where sessions began, so that people recognise their own. Apart from the hot table: a refresh never reads it.

CREATE TABLE session_origins (
    session_id TEXT PRIMARY KEY,
    source_ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_origins_by_expiry ON session_origins (expires_at);
CREATE INDEX sign_in_sessions_by_principal ON sign_in_sessions (account_id, principal_id);
