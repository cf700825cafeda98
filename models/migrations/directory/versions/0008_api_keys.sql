-- API keys: what programs of a tenant show instead of a token. Of a key there is a digest.
CREATE TABLE directory.api_keys (
    id           uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant_id    uuid NOT NULL REFERENCES directory.tenants ON DELETE CASCADE,
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    digest       bytea NOT NULL CHECK (length(digest) = 32),
    scopes       text[] NOT NULL CHECK (cardinality(scopes) BETWEEN 1 AND 100),
    created_by   uuid REFERENCES directory.users ON DELETE SET NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz
) WITH (fillfactor = 80);
COMMENT ON COLUMN directory.api_keys.digest IS 'SHA-256 of the whole key.';
COMMENT ON COLUMN directory.api_keys.scopes IS 'Actions, some of those that its maker might do then.';
COMMENT ON COLUMN directory.api_keys.last_used_at IS 'Written at most once a minute.';
CREATE INDEX api_keys_tenant ON directory.api_keys (tenant_id, id);
CREATE INDEX api_keys_maker ON directory.api_keys (created_by) WHERE created_by IS NOT NULL;

ALTER TABLE directory.api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE directory.api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY migrator ON directory.api_keys TO @migrator@ USING (true) WITH CHECK (true);
CREATE POLICY identity ON directory.api_keys TO @identity@ USING (true) WITH CHECK (true);

GRANT SELECT, INSERT (id, tenant_id, name, digest, scopes, created_by, expires_at),
      UPDATE (name, last_used_at, revoked_at), DELETE ON directory.api_keys TO @identity@;
