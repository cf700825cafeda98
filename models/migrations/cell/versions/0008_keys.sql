-- Keys that seal the secrets of tenants. A master key, which is not in the database, wraps them.
CREATE TABLE cell.data_keys (
    tenant_id  uuid NOT NULL REFERENCES cell.tenants ON DELETE CASCADE,
    version    integer NOT NULL CHECK (version > 0),
    master     text NOT NULL,
    wrapped    bytea NOT NULL CHECK (octet_length(wrapped) > 32),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    wrapped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, version)
);
COMMENT ON COLUMN cell.data_keys.master IS 'The name of the master key that wrapped it.';

ALTER TABLE cell.data_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE cell.data_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cell.data_keys TO @tenant_base@
    USING (tenant_id = substr(current_user::text, 3)::uuid)
    WITH CHECK (tenant_id = substr(current_user::text, 3)::uuid);
CREATE POLICY migrator ON cell.data_keys TO @migrator@ USING (true) WITH CHECK (true);
-- A tenant makes a key and reads it; only the owner wraps it anew. The ledger has no right here.
GRANT SELECT, INSERT (tenant_id, version, master, wrapped) ON cell.data_keys TO @tenant_base@;
