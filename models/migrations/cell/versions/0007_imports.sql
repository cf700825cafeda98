-- Files that are fetched from the web. The state of an import is that of its run, which has the
-- same id; here is what the ledger need not know.
CREATE TABLE cell.imports (
    id           uuid PRIMARY KEY,
    tenant_id    uuid NOT NULL,
    url          text,
    source       text NOT NULL,
    name         text,
    recipe       text,
    asset_id     uuid,
    asset_run_id uuid,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (tenant_id, id) REFERENCES cell.runs (tenant_id, id) ON DELETE CASCADE,
    CHECK ((asset_id IS NULL) = (asset_run_id IS NULL)),
    CHECK (asset_id IS NULL OR url IS NULL)
) WITH (fillfactor = 70);
COMMENT ON COLUMN cell.imports.id IS 'Also the id of the run that fetches the file.';
COMMENT ON COLUMN cell.imports.url IS 'May hold a secret: never shown, and forgotten with the need for it.';
COMMENT ON COLUMN cell.imports.source IS 'The same without what may be secret, to be shown.';
COMMENT ON COLUMN cell.imports.asset_run_id IS 'The first run on the asset.';
CREATE INDEX imports_tenant ON cell.imports (tenant_id, id);
CREATE INDEX imports_kept ON cell.imports (tenant_id, created_at) WHERE url IS NOT NULL;

ALTER TABLE cell.imports ENABLE ROW LEVEL SECURITY;
ALTER TABLE cell.imports FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cell.imports TO @tenant_base@
    USING (tenant_id = substr(current_user::text, 3)::uuid)
    WITH CHECK (tenant_id = substr(current_user::text, 3)::uuid);
CREATE POLICY migrator ON cell.imports TO @migrator@ USING (true) WITH CHECK (true);
CREATE POLICY ledger ON cell.imports TO @ledger@ USING (true) WITH CHECK (true);

GRANT SELECT, INSERT (id, tenant_id, url, source, name, recipe),
      UPDATE (url, asset_id, asset_run_id) ON cell.imports TO @tenant_base@;
