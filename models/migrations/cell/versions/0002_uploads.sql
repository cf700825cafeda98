-- Files on their way in. A shared table, so that a tenant's schema stays small.
CREATE TABLE cell.uploads (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant_id  uuid NOT NULL REFERENCES cell.tenants ON DELETE CASCADE,
    name       text NOT NULL,
    recipe     text,
    metadata   text NOT NULL DEFAULT '',
    bytes      bigint NOT NULL CHECK (bytes > 0),
    received   bigint NOT NULL DEFAULT 0,
    sha256     text,
    run_id     uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    CHECK (received BETWEEN 0 AND bytes),
    CHECK (sha256 IS NULL OR received = bytes),
    CHECK (run_id IS NULL OR sha256 IS NOT NULL)
) WITH (fillfactor = 70);
COMMENT ON COLUMN cell.uploads.id IS 'Also the id of the asset that the upload becomes.';
COMMENT ON COLUMN cell.uploads.received IS 'Bytes that the disk has; more than these are cut off.';
CREATE INDEX uploads_tenant ON cell.uploads (tenant_id, expires_at);

ALTER TABLE cell.uploads ENABLE ROW LEVEL SECURITY;
ALTER TABLE cell.uploads FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cell.uploads TO @tenant_base@
    USING (tenant_id = substr(current_user::text, 3)::uuid)
    WITH CHECK (tenant_id = substr(current_user::text, 3)::uuid);
CREATE POLICY migrator ON cell.uploads TO @migrator@ USING (true) WITH CHECK (true);
CREATE POLICY ledger ON cell.uploads TO @ledger@ USING (true) WITH CHECK (true);

GRANT SELECT, DELETE, INSERT (tenant_id, name, recipe, metadata, bytes, expires_at),
      UPDATE (received, sha256, run_id, expires_at) ON cell.uploads TO @tenant_base@;

INSERT INTO cell.periodic (name, every) VALUES ('collect_uploads', '1 hour');
