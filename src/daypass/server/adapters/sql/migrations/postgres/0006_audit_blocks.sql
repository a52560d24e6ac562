-- The hash chain over the audit log: each block vouches for the events after the previous block's last one.

CREATE TABLE audit_blocks (
    block_number BIGINT PRIMARY KEY,
    first_number BIGINT NOT NULL,
    last_number BIGINT NOT NULL,
    event_count BIGINT NOT NULL,
    events_digest BYTEA NOT NULL,
    previous_digest BYTEA NOT NULL,
    sealed_at BIGINT NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    mac BYTEA NOT NULL
);
CREATE TRIGGER audit_blocks_never_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_blocks
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
