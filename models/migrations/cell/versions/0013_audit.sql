-- What was done to a tenant, by whom, when and from where. It is added to and never changed: no role
-- that the application can take has a right to. No body of a request is here, and no secret.
CREATE TABLE cell.audit (
    tenant_id  uuid NOT NULL REFERENCES cell.tenants ON DELETE CASCADE,
    id         uuid NOT NULL DEFAULT uuidv7(),
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
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
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON COLUMN cell.audit.subject IS 'user:<id>, key:<id>, or installation.';
COMMENT ON COLUMN cell.audit.shown IS 'What they were called then.';
COMMENT ON COLUMN cell.audit.targets IS 'Ids of the path, and of what was made.';
-- Rows come in the order of time: this costs writers next to nothing.
CREATE INDEX audit_at ON cell.audit USING brin (at);

ALTER TABLE cell.audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE cell.audit FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cell.audit TO @tenant_base@
    USING (tenant_id = substr(current_user::text, 3)::uuid)
    WITH CHECK (tenant_id = substr(current_user::text, 3)::uuid);
CREATE POLICY migrator ON cell.audit TO @migrator@ USING (true) WITH CHECK (true);
CREATE POLICY ledger ON cell.audit TO @ledger@ USING (true) WITH CHECK (true);
-- Neither the id nor the time is for whoever writes to say.
GRANT SELECT, INSERT (tenant_id, subject, shown, action, method, route, targets, status, request_id, address, agent)
      ON cell.audit TO @tenant_base@;
GRANT SELECT (tenant_id, id, at), DELETE ON cell.audit TO @ledger@;

-- Forgets entries older than p_age, in bounded bites. Nobody makes it forget those of 90 days.
CREATE FUNCTION cell.prune_audit(p_age interval, p_limit integer)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_count integer;
BEGIN
    DELETE FROM cell.audit a WHERE (a.tenant_id, a.id) IN (
        SELECT o.tenant_id, o.id FROM cell.audit o
         WHERE o.at < now() - greatest(p_age, interval '90 days') ORDER BY o.at LIMIT p_limit);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

REVOKE EXECUTE ON FUNCTION cell.prune_audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cell.prune_audit TO @app@;
GRANT CREATE ON SCHEMA cell TO @ledger@;
ALTER FUNCTION cell.prune_audit OWNER TO @ledger@;
REVOKE CREATE ON SCHEMA cell FROM @ledger@;

INSERT INTO cell.periodic (name, every) VALUES ('prune_audit', '1 day');
