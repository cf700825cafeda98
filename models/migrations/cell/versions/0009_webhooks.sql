-- Where tenants have events sent to. A courier holds a webhook while it sends to it, so that there
-- is one request at a time to each, and events are first tried in their order.
CREATE TABLE cell.webhooks (
    id            uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant_id     uuid NOT NULL REFERENCES cell.tenants ON DELETE CASCADE,
    url           text NOT NULL,
    kinds         text[] NOT NULL,
    description   text NOT NULL DEFAULT '',
    secret        bytea NOT NULL,
    old_secret    bytea,
    old_until     timestamptz,
    state         text NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled')),
    reason        text,
    version       integer NOT NULL DEFAULT 1,
    seq           bigint NOT NULL,
    failures      integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    due_at        timestamptz,
    paused_until  timestamptz,
    holder        uuid,
    lease_until   timestamptz,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (tenant_id, id),
    CHECK ((old_secret IS NULL) = (old_until IS NULL)),
    CHECK ((holder IS NULL) = (lease_until IS NULL))
) WITH (fillfactor = 60);
COMMENT ON COLUMN cell.webhooks.secret IS 'Signs what is sent; sealed. The old one signs, too, until old_until.';
COMMENT ON COLUMN cell.webhooks.seq IS 'The last event of which deliveries were made.';
COMMENT ON COLUMN cell.webhooks.failures IS 'In a row.';
COMMENT ON COLUMN cell.webhooks.due_at IS 'When the first of its deliveries is due.';

CREATE TABLE cell.deliveries (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant_id  uuid NOT NULL,
    webhook_id uuid NOT NULL,
    seq        bigint,
    kind       text NOT NULL,
    body       text NOT NULL,
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'failed')),
    attempts   integer NOT NULL DEFAULT 0,
    tries      integer NOT NULL DEFAULT 0,
    due_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tried_at   timestamptz,
    status     smallint,
    response   text CHECK (octet_length(response) <= 4096),
    seconds    real,
    error      text,
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES cell.webhooks (tenant_id, id) ON DELETE CASCADE,
    UNIQUE (webhook_id, seq)
) WITH (fillfactor = 70);
COMMENT ON COLUMN cell.deliveries.seq IS 'Of the event; none is a test.';
COMMENT ON COLUMN cell.deliveries.attempts IS 'In all; `tries` counts from the last replay on.';
CREATE INDEX deliveries_listed ON cell.deliveries (webhook_id, id);
CREATE INDEX deliveries_due ON cell.deliveries (webhook_id, due_at) WHERE state = 'waiting';
CREATE INDEX deliveries_created ON cell.deliveries (created_at);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['webhooks', 'deliveries'] LOOP
        EXECUTE format('ALTER TABLE cell.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE cell.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON cell.%I TO @tenant_base@ '
            'USING (tenant_id = substr(current_user::text, 3)::uuid) '
            'WITH CHECK (tenant_id = substr(current_user::text, 3)::uuid)', t);
        EXECUTE format('CREATE POLICY migrator ON cell.%I TO @migrator@ USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY ledger ON cell.%I TO @ledger@ USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;

GRANT SELECT, DELETE,
      INSERT (id, tenant_id, url, kinds, description, secret, seq),
      UPDATE (url, kinds, description, secret, old_secret, old_until, state, reason, version, seq,
              failures, failing_since, due_at, paused_until, holder, lease_until)
      ON cell.webhooks TO @tenant_base@;
GRANT SELECT, INSERT (tenant_id, webhook_id, seq, kind, body),
      UPDATE (state, attempts, tries, due_at, tried_at, status, response, seconds, error)
      ON cell.deliveries TO @tenant_base@;
GRANT SELECT (id, tenant_id, state, seq, due_at, paused_until, holder, lease_until),
      UPDATE (holder, lease_until) ON cell.webhooks TO @ledger@;
GRANT SELECT (id, created_at), DELETE ON cell.deliveries TO @ledger@;

-- Takes the webhook that has waited longest of those with something to send: events of which no
-- deliveries were made yet, or deliveries that are due. Of one tenant at most p_per_tenant are held
-- at once, so that its slow servers leave couriers to others.
CREATE FUNCTION cell.claim_webhook(
    p_holder uuid, p_lease interval, p_versions text[], p_per_tenant integer)
RETURNS TABLE (tenant_id uuid, webhook_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE cell.webhooks u
       SET holder = p_holder, lease_until = clock_timestamp() + p_lease
     WHERE u.id = (
           SELECT w.id FROM cell.webhooks w
             JOIN cell.tenants t ON t.tenant_id = w.tenant_id
              AND NOT t.suspended AND t.schema_version = ANY (p_versions)
             JOIN cell.event_heads h ON h.tenant_id = w.tenant_id
            WHERE w.state = 'enabled'
              AND (w.lease_until IS NULL OR w.lease_until < clock_timestamp())
              AND (w.paused_until IS NULL OR w.paused_until <= clock_timestamp())
              AND (w.seq < h.seq OR w.due_at <= clock_timestamp())
              AND (SELECT count(*) FROM cell.webhooks b
                    WHERE b.tenant_id = w.tenant_id AND b.lease_until >= clock_timestamp())
                  < p_per_tenant
            ORDER BY coalesce(w.due_at, 'infinity'), w.id LIMIT 1 FOR UPDATE OF w SKIP LOCKED)
    RETURNING u.tenant_id, u.id
$$;

-- How many webhooks have something to send, counted up to p_limit.
CREATE FUNCTION cell.webhook_backlog(p_limit integer)
RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*)::integer FROM (
           SELECT 1 FROM cell.webhooks w
             JOIN cell.tenants t ON t.tenant_id = w.tenant_id AND NOT t.suspended
             JOIN cell.event_heads h ON h.tenant_id = w.tenant_id
            WHERE w.state = 'enabled'
              AND (w.lease_until IS NULL OR w.lease_until < clock_timestamp())
              AND (w.paused_until IS NULL OR w.paused_until <= clock_timestamp())
              AND (w.seq < h.seq OR w.due_at <= clock_timestamp())
            LIMIT p_limit) x
$$;

-- Forgets deliveries older than p_age, in bounded bites.
CREATE FUNCTION cell.prune_deliveries(p_age interval, p_limit integer)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_count integer;
BEGIN
    DELETE FROM cell.deliveries d WHERE d.id IN (
        SELECT o.id FROM cell.deliveries o
         WHERE o.created_at < now() - p_age ORDER BY o.created_at LIMIT p_limit);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

INSERT INTO cell.periodic (name, every) VALUES ('prune_deliveries', '1 hour');

REVOKE EXECUTE ON FUNCTION cell.claim_webhook, cell.webhook_backlog, cell.prune_deliveries FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cell.claim_webhook, cell.webhook_backlog, cell.prune_deliveries TO @app@;
GRANT CREATE ON SCHEMA cell TO @ledger@;
ALTER FUNCTION cell.claim_webhook OWNER TO @ledger@;
ALTER FUNCTION cell.webhook_backlog OWNER TO @ledger@;
ALTER FUNCTION cell.prune_deliveries OWNER TO @ledger@;
REVOKE CREATE ON SCHEMA cell FROM @ledger@;
