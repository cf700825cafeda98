-- Where a run's spans belong: a traceparent (W3C Trace Context), or nothing.
ALTER TABLE cell.runs ADD COLUMN trace text CHECK (length(trace) = 55);

-- What a tenant has used since it was made. Written in the transaction that uses it, after the
-- tenant's event head: those who would meet here have met there.
CREATE TABLE cell.usage (
    tenant_id      uuid PRIMARY KEY REFERENCES cell.tenants ON DELETE CASCADE,
    uploaded_bytes bigint NOT NULL DEFAULT 0 CHECK (uploaded_bytes >= 0),
    media_seconds  double precision NOT NULL DEFAULT 0 CHECK (media_seconds >= 0)
) WITH (fillfactor = 50);
COMMENT ON COLUMN cell.usage.uploaded_bytes IS 'Of files that became assets.';
COMMENT ON COLUMN cell.usage.media_seconds IS 'Of films that runs took in, each run anew.';

ALTER TABLE cell.usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE cell.usage FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cell.usage TO @tenant_base@
    USING (tenant_id = substr(current_user::text, 3)::uuid)
    WITH CHECK (tenant_id = substr(current_user::text, 3)::uuid);
CREATE POLICY migrator ON cell.usage TO @migrator@ USING (true) WITH CHECK (true);
CREATE POLICY ledger ON cell.usage TO @ledger@ USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE (uploaded_bytes, media_seconds) ON cell.usage TO @tenant_base@;
GRANT SELECT ON cell.usage TO @ledger@;

GRANT SELECT (ready_at) ON cell.stage_runs TO @ledger@;
GRANT SELECT ON cell.alembic_version TO @ledger@;

-- Adds to what the caller's tenant has used.
CREATE FUNCTION cell.use(p_bytes bigint, p_seconds double precision)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO cell.usage AS u (tenant_id, uploaded_bytes, media_seconds)
    VALUES (substr(current_user::text, 3)::uuid, p_bytes, p_seconds)
    ON CONFLICT (tenant_id) DO UPDATE
       SET uploaded_bytes = u.uploaded_bytes + p_bytes, media_seconds = u.media_seconds + p_seconds
$$;
REVOKE EXECUTE ON FUNCTION cell.use FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cell.use TO @tenant_base@;

-- The revision of this branch.
CREATE FUNCTION cell.revision()
RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT max(v.version_num) FROM cell.alembic_version v
$$;

-- What there is to measure, a row each: what, of which queue or work, of which class, how much.
-- It visits at most p_limit rows of each queue, class and state, and one row of each lane that has
-- something ready. Counts stop at p_limit. The oldest is sought among those that are first of their
-- lane, so that an index by age need not be kept; only a stage that was given back, which takes its
-- old place with a new age, can hide an older one behind it.
CREATE FUNCTION cell.measures(p_limit integer)
RETURNS TABLE (measure text, part text, class smallint, value double precision)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET jit = off AS $$
    WITH RECURSIVE classes (class) AS (VALUES (0::smallint), (1::smallint)),
    -- A walk over the lanes: each step begins behind the lane found last.
    fronts (queue, class, lane, ready_at) AS (
        SELECT q.name, c.class, f.lane, f.ready_at
          FROM cell.queues q CROSS JOIN classes c
         CROSS JOIN LATERAL (SELECT s.lane, s.ready_at FROM cell.stage_runs s
              WHERE s.queue = q.name AND s.class = c.class AND s.state = 'ready'
              ORDER BY s.lane, s.position LIMIT 1) f
         UNION ALL
        SELECT p.queue, p.class, f.lane, f.ready_at
          FROM fronts p
         CROSS JOIN LATERAL (SELECT s.lane, s.ready_at FROM cell.stage_runs s
              WHERE s.queue = p.queue AND s.class = p.class AND s.state = 'ready'
                AND s.lane > p.lane
              ORDER BY s.lane, s.position LIMIT 1) f
    )
    SELECT 'ready', q.name, c.class,
           (SELECT count(*) FROM (SELECT 1 FROM cell.stage_runs s
             WHERE s.queue = q.name AND s.class = c.class AND s.state = 'ready' LIMIT p_limit) x)
      FROM cell.queues q CROSS JOIN classes c
     UNION ALL
    SELECT 'running', q.name, c.class,
           (SELECT count(*) FROM (SELECT 1 FROM cell.stage_runs s
             WHERE s.queue = q.name AND s.class = c.class AND s.state = 'running' LIMIT p_limit) x)
      FROM cell.queues q CROSS JOIN classes c
     UNION ALL
    SELECT 'delayed', q.name, c.class, count(d.queue)
      FROM cell.queues q CROSS JOIN classes c
      LEFT JOIN (SELECT s.queue, s.class FROM cell.stage_runs s
                  WHERE s.state = 'delayed' ORDER BY s.due_at LIMIT p_limit) d
        ON d.queue = q.name AND d.class = c.class
     GROUP BY q.name, c.class
     UNION ALL
    SELECT 'oldest_ready_seconds', q.name, NULL,
           coalesce(extract(epoch FROM clock_timestamp() - min(f.ready_at)), 0)
      FROM cell.queues q LEFT JOIN fronts f ON f.queue = q.name
     GROUP BY q.name
     UNION ALL
    SELECT 'open', q.name, NULL, (q.state = 'open')::integer FROM cell.queues q
     UNION ALL
    SELECT 'slots', q.name, NULL, coalesce(sum(w.slots), 0)
      FROM cell.queues q LEFT JOIN cell.workers w
        ON q.name = ANY (w.queues) AND w.seen_at > now() - interval '30 seconds'
     GROUP BY q.name
     UNION ALL
    SELECT 'workers', q.name, NULL, count(w.id)
      FROM cell.queues q LEFT JOIN cell.workers w
        ON q.name = ANY (w.queues) AND w.seen_at > now() - interval '30 seconds'
     GROUP BY q.name
     UNION ALL
    SELECT 'periodic_ended', p.name, NULL, extract(epoch FROM p.finished_at)
      FROM cell.periodic p WHERE p.finished_at IS NOT NULL
     UNION ALL
    SELECT 'periodic_failed', p.name, NULL, (p.error IS NOT NULL)::integer FROM cell.periodic p
     UNION ALL
    SELECT 'swept', '', NULL, extract(epoch FROM s.seen_at) FROM cell.sweeper s
$$;

-- The tenants that have used most, and under no name what all others have used together.
CREATE FUNCTION cell.usage_by_tenant(p_limit integer)
RETURNS TABLE (tenant_id uuid, uploaded_bytes bigint, media_seconds double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH ranked AS (
        SELECT u.tenant_id, u.uploaded_bytes, u.media_seconds,
               row_number() OVER (ORDER BY u.uploaded_bytes DESC, u.tenant_id) <= p_limit
            OR row_number() OVER (ORDER BY u.media_seconds DESC, u.tenant_id) <= p_limit AS named
          FROM cell.usage u
    )
    SELECT CASE WHEN r.named THEN r.tenant_id END, sum(r.uploaded_bytes)::bigint, sum(r.media_seconds)
      FROM ranked r GROUP BY 1
$$;

REVOKE EXECUTE ON FUNCTION cell.revision, cell.measures, cell.usage_by_tenant FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cell.revision, cell.measures, cell.usage_by_tenant TO @app@;
GRANT CREATE ON SCHEMA cell TO @ledger@;
ALTER FUNCTION cell.revision OWNER TO @ledger@;
ALTER FUNCTION cell.measures OWNER TO @ledger@;
ALTER FUNCTION cell.usage_by_tenant OWNER TO @ledger@;
REVOKE CREATE ON SCHEMA cell FROM @ledger@;
