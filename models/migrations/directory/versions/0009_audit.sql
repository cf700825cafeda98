-- What people did with their accounts, and what was done here to tenants (keys, members): who, when,
-- and from where. It is added to and never changed. A person's own goes with the person, a tenant's
-- with the tenant.
CREATE TABLE directory.audit (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant_id  uuid REFERENCES directory.tenants ON DELETE CASCADE,
    user_id    uuid REFERENCES directory.users ON DELETE CASCADE,
    subject    text NOT NULL CHECK (length(subject) <= 100),
    shown      text NOT NULL CHECK (length(shown) <= 200),
    action     text NOT NULL CHECK (length(action) <= 100),
    method     text NOT NULL CHECK (length(method) <= 10),
    route      text NOT NULL CHECK (length(route) <= 200),
    targets    jsonb NOT NULL DEFAULT '{}',
    status     smallint NOT NULL,
    request_id text CHECK (length(request_id) <= 64),
    address    text CHECK (length(address) <= 64),
    agent      text CHECK (length(agent) <= 400),
    CHECK ((tenant_id IS NULL) <> (user_id IS NULL))
);
COMMENT ON COLUMN directory.audit.user_id IS 'Whose account it is about; a tenant''s entry has none.';
CREATE INDEX audit_tenant ON directory.audit (tenant_id, id) WHERE tenant_id IS NOT NULL;
CREATE INDEX audit_user ON directory.audit (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_at ON directory.audit USING brin (at);

ALTER TABLE directory.audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE directory.audit FORCE ROW LEVEL SECURITY;
CREATE POLICY migrator ON directory.audit TO @migrator@ USING (true) WITH CHECK (true);
CREATE POLICY identity ON directory.audit TO @identity@ USING (true) WITH CHECK (true);
CREATE POLICY ledger ON directory.audit TO @ledger@ USING (true) WITH CHECK (true);
GRANT SELECT, INSERT (tenant_id, user_id, subject, shown, action, method, route, targets, status, request_id, address, agent)
      ON directory.audit TO @identity@;
GRANT SELECT (id, at), DELETE ON directory.audit TO @ledger@;

-- Forgets entries older than p_age, in bounded bites. Nobody makes it forget those of 90 days.
CREATE FUNCTION directory.prune_audit(p_age interval, p_limit integer)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_count integer;
BEGIN
    DELETE FROM directory.audit a WHERE a.id IN (
        SELECT o.id FROM directory.audit o
         WHERE o.at < now() - greatest(p_age, interval '90 days') ORDER BY o.at LIMIT p_limit);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

REVOKE EXECUTE ON FUNCTION directory.prune_audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory.prune_audit TO @app@;
GRANT CREATE ON SCHEMA directory TO @ledger@;
ALTER FUNCTION directory.prune_audit OWNER TO @ledger@;
REVOKE CREATE ON SCHEMA directory FROM @ledger@;
