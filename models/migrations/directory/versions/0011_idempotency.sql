-- Requests that are done once here, with the answers that are given again: to who asked, and to
-- nobody else. An answer may have codes, seeds or keys in it, and the digest of a request may let a
-- password be tried: so both are sealed, as one value.
CREATE TABLE directory.idempotency_keys (
    id         uuid PRIMARY KEY,
    subject    text NOT NULL CHECK (length(subject) <= 100),
    key        text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    user_id    uuid REFERENCES directory.users ON DELETE CASCADE,
    tenant_id  uuid REFERENCES directory.tenants ON DELETE CASCADE,
    status     smallint NOT NULL CHECK (status BETWEEN 200 AND 499),
    headers    jsonb NOT NULL DEFAULT '{}',
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (subject, key)
);
COMMENT ON COLUMN directory.idempotency_keys.subject IS 'user:<id>, key:<id>, or installation.';
COMMENT ON COLUMN directory.idempotency_keys.tenant_id IS 'Whom it was done to, where that is a tenant: it goes with that.';
COMMENT ON COLUMN directory.idempotency_keys.sealed IS 'A digest of method, path, query and body; then the answer''s body.';
CREATE INDEX idempotency_keys_created_at ON directory.idempotency_keys (created_at);
CREATE INDEX idempotency_keys_user ON directory.idempotency_keys (user_id)
 WHERE user_id IS NOT NULL;
CREATE INDEX idempotency_keys_tenant ON directory.idempotency_keys (tenant_id)
 WHERE tenant_id IS NOT NULL;

ALTER TABLE directory.idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE directory.idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY migrator ON directory.idempotency_keys TO @migrator@ USING (true) WITH CHECK (true);
CREATE POLICY identity ON directory.idempotency_keys TO @identity@ USING (true) WITH CHECK (true);
GRANT SELECT, INSERT (id, subject, key, user_id, tenant_id, status, headers, sealed), DELETE
      ON directory.idempotency_keys TO @identity@;
