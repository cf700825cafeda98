-- What a tenant may have. Without a row, and where it is null, the installation's settings hold.
-- Tenants read it, and the owner of the installation writes it.
CREATE TABLE cell.quotas (
    tenant_id    uuid PRIMARY KEY REFERENCES cell.tenants ON DELETE CASCADE,
    stored_bytes bigint CHECK (stored_bytes >= 0),
    open_uploads integer CHECK (open_uploads >= 0)
);

ALTER TABLE cell.quotas ENABLE ROW LEVEL SECURITY;
ALTER TABLE cell.quotas FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cell.quotas TO @tenant_base@
    USING (tenant_id = substr(current_user::text, 3)::uuid)
    WITH CHECK (tenant_id = substr(current_user::text, 3)::uuid);
CREATE POLICY migrator ON cell.quotas TO @migrator@ USING (true) WITH CHECK (true);
GRANT SELECT ON cell.quotas TO @tenant_base@;

-- What an import takes, as far as that is known: it counts before there is an asset.
ALTER TABLE cell.imports ADD COLUMN bytes bigint CHECK (bytes >= 0);
GRANT UPDATE (bytes) ON cell.imports TO @tenant_base@;
