-- The hash chain over the audit log: each block vouches for the events after the previous block's last one.
-- AUTOINCREMENT keeps the highest number ever given, so blocks cut from the end leave a trace.

CREATE TABLE audit_blocks (
    block_number INTEGER PRIMARY KEY AUTOINCREMENT,
    first_number INTEGER NOT NULL,
    last_number INTEGER NOT NULL,
    event_count INTEGER NOT NULL,
    events_digest BLOB NOT NULL,
    previous_digest BLOB NOT NULL,
    sealed_at INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    mac BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_blocks_never_change BEFORE UPDATE ON audit_blocks
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_blocks_never_vanish BEFORE DELETE ON audit_blocks
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
