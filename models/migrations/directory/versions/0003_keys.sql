-- Keys that seal the secrets of people. A master key, which is not in the database, wraps them.
CREATE TABLE directory.data_keys (
    version    integer PRIMARY KEY CHECK (version > 0),
    master     text NOT NULL,
    wrapped    bytea NOT NULL CHECK (octet_length(wrapped) > 32),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    wrapped_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN directory.data_keys.master IS 'The name of the master key that wrapped it.';

ALTER TABLE directory.data_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE directory.data_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY migrator ON directory.data_keys TO @migrator@ USING (true) WITH CHECK (true);
CREATE POLICY identity ON directory.data_keys TO @identity@ USING (true) WITH CHECK (true);
-- Who acts for people makes a key and reads it; only the owner wraps it anew.
GRANT SELECT, INSERT (version, master, wrapped) ON directory.data_keys TO @identity@;
