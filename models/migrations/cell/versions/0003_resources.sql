-- What an asset's runs are, newest last, and which runs are in a rare state.
CREATE INDEX runs_asset ON cell.runs (tenant_id, asset_id, id);
CREATE INDEX runs_state ON cell.runs (tenant_id, state, id);

-- Requests that are done once, with the answers that are given again.
CREATE TABLE cell.idempotency_keys (
    tenant_id   uuid NOT NULL REFERENCES cell.tenants ON DELETE CASCADE,
    key         text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL,
    status      smallint NOT NULL CHECK (status BETWEEN 200 AND 499),
    headers     jsonb NOT NULL DEFAULT '{}',
    body        bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, key)
);
COMMENT ON COLUMN cell.idempotency_keys.fingerprint IS 'A digest of method, path, query and body.';
CREATE INDEX idempotency_keys_created_at ON cell.idempotency_keys (created_at);

ALTER TABLE cell.idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE cell.idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cell.idempotency_keys TO @tenant_base@
    USING (tenant_id = substr(current_user::text, 3)::uuid)
    WITH CHECK (tenant_id = substr(current_user::text, 3)::uuid);
CREATE POLICY migrator ON cell.idempotency_keys TO @migrator@ USING (true) WITH CHECK (true);
CREATE POLICY ledger ON cell.idempotency_keys TO @ledger@ USING (true) WITH CHECK (true);
GRANT SELECT, DELETE, INSERT (tenant_id, key, fingerprint, status, headers, body)
      ON cell.idempotency_keys TO @tenant_base@;
GRANT SELECT (tenant_id, key, created_at), DELETE ON cell.idempotency_keys TO @ledger@;

GRANT UPDATE (class) ON cell.runs TO @tenant_base@;
GRANT UPDATE (class) ON cell.stage_runs TO @tenant_base@;

-- As before, but a run in which nothing failed and a stage was cancelled is cancelled, not failed.
CREATE OR REPLACE FUNCTION cell.settle_run(p_run uuid, p_finished integer, p_active integer)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_old text; v cell.runs.state%TYPE; v_tenant uuid; v_unfinished integer; v_active integer;
BEGIN
    SELECT state, tenant_id, unfinished - p_finished, active + p_active
      INTO v_old, v_tenant, v_unfinished, v_active FROM cell.runs WHERE id = p_run;
    v := CASE WHEN v_active > 0 THEN v_old
              WHEN v_unfinished = 0 THEN 'done'
              WHEN v_old = 'cancelling' THEN 'cancelled'
              WHEN EXISTS (SELECT FROM cell.stage_runs s WHERE s.run_id = p_run
                              AND s.state = 'cancelled')
               AND NOT EXISTS (SELECT FROM cell.stage_runs s WHERE s.run_id = p_run
                                  AND s.state = 'failed') THEN 'cancelled'
              ELSE 'failed' END;
    UPDATE cell.runs SET unfinished = v_unfinished, active = v_active, state = v,
           finished_at = CASE WHEN v IN ('done', 'failed', 'cancelled') THEN clock_timestamp() END
     WHERE id = p_run;
    IF v <> v_old THEN
        PERFORM cell.emit(v_tenant, 'run.' || v, p_run, NULL, '{}');
    END IF;
    RETURN v;
END $$;

-- Gives a failed or cancelled stage a fresh start, and with it what was cancelled behind it.
-- 'retried', or why not: 'unknown', 'cancelling' (the run), 'state', 'needs' (an earlier stage).
CREATE FUNCTION cell.retry_stage(p_run uuid, p_name text)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_tenant uuid; v_run text; v_stage uuid; v_state text; v_pending integer; v_queue text;
BEGIN
    SELECT tenant_id, state INTO v_tenant, v_run FROM cell.runs WHERE id = p_run FOR UPDATE;
    SELECT id, state, pending, queue INTO v_stage, v_state, v_pending, v_queue
      FROM cell.stage_runs WHERE run_id = p_run AND name = p_name;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF v_run = 'cancelling' THEN
        RETURN 'cancelling';
    ELSIF v_state NOT IN ('failed', 'cancelled') THEN
        RETURN 'state';
    ELSIF v_pending > 0 THEN
        -- It would wait for ever, and the run with it.
        RETURN 'needs';
    END IF;
    WITH RECURSIVE behind (id) AS (
        SELECT v_stage
        UNION
        SELECT e.stage_id FROM behind b JOIN cell.stage_edges e ON e.needs_id = b.id
          JOIN cell.stage_runs s ON s.id = e.stage_id AND s.state IN ('waiting', 'cancelled')
    )
    UPDATE cell.stage_runs s
       SET state = CASE WHEN s.id = v_stage THEN 'ready' ELSE 'waiting' END,
           position = nextval('cell.position'), ready_at = clock_timestamp(),
           failures = 0, losses = 0, progress = 0, cancel_requested = false, finished_at = NULL
      FROM behind b WHERE s.id = b.id AND s.state IN ('failed', 'cancelled');
    UPDATE cell.runs SET state = 'running', active = active + 1, finished_at = NULL
     WHERE id = p_run;
    PERFORM cell.emit(v_tenant, 'stage.ready', p_run, v_stage,
                      jsonb_build_object('name', p_name, 'retry', true));
    IF v_run <> 'running' THEN
        PERFORM cell.emit(v_tenant, 'run.running', p_run, NULL, '{"retry": true}');
    END IF;
    PERFORM pg_notify('ledger_ready', v_queue);
    RETURN 'retried';
END $$;

-- Stops one stage: what waits ends at once, what runs is told; the rest of the run goes on.
-- 'cancelled', 'asked' (it runs), or why not: 'unknown', 'state'.
CREATE FUNCTION cell.cancel_stage(p_run uuid, p_name text)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_tenant uuid; v_run text; v_stage uuid; v_state text;
BEGIN
    SELECT tenant_id, state INTO v_tenant, v_run FROM cell.runs WHERE id = p_run FOR UPDATE;
    SELECT id, state INTO v_stage, v_state
      FROM cell.stage_runs WHERE run_id = p_run AND name = p_name FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF v_run NOT IN ('running', 'cancelling')
       OR v_state NOT IN ('waiting', 'ready', 'delayed', 'running') THEN
        RETURN 'state';
    ELSIF v_state = 'running' THEN
        UPDATE cell.stage_runs SET cancel_requested = true WHERE id = v_stage;
        PERFORM pg_notify('ledger_cancel', p_run::text);
        RETURN 'asked';
    END IF;
    UPDATE cell.stage_runs SET state = 'cancelled', due_at = NULL, finished_at = clock_timestamp()
     WHERE id = v_stage;
    PERFORM cell.emit(v_tenant, 'stage.cancelled', p_run, v_stage,
                      jsonb_build_object('name', p_name));
    PERFORM cell.settle_run(p_run, 0, CASE WHEN v_state = 'waiting' THEN 0 ELSE -1 END);
    RETURN 'cancelled';
END $$;

-- Moves a run, and whatever of it has yet to end well, to another class; false where it is there.
CREATE FUNCTION cell.classify_run(p_run uuid, p_class smallint)
RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_tenant uuid; v_class smallint;
BEGIN
    SELECT tenant_id, class INTO v_tenant, v_class FROM cell.runs WHERE id = p_run FOR UPDATE;
    IF NOT FOUND OR v_class = p_class THEN
        RETURN false;
    END IF;
    UPDATE cell.runs SET class = p_class WHERE id = p_run;
    UPDATE cell.stage_runs SET class = p_class
     WHERE run_id = p_run AND state NOT IN ('done', 'skipped');
    PERFORM cell.emit(v_tenant, 'run.updated', p_run, NULL,
        jsonb_build_object('priority', CASE p_class WHEN 0 THEN 'interactive' ELSE 'batch' END));
    RETURN true;
END $$;

-- Forgets answers older than p_age, in bounded bites.
CREATE FUNCTION cell.prune_idempotency_keys(p_age interval, p_limit integer)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_count integer;
BEGIN
    DELETE FROM cell.idempotency_keys k WHERE (k.tenant_id, k.key) IN (
        SELECT o.tenant_id, o.key FROM cell.idempotency_keys o
         WHERE o.created_at < now() - p_age ORDER BY o.created_at LIMIT p_limit);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

REVOKE EXECUTE ON FUNCTION cell.retry_stage, cell.cancel_stage, cell.classify_run,
    cell.prune_idempotency_keys FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cell.retry_stage, cell.cancel_stage, cell.classify_run TO @tenant_base@;
GRANT EXECUTE ON FUNCTION cell.prune_idempotency_keys TO @app@;
GRANT CREATE ON SCHEMA cell TO @ledger@;
ALTER FUNCTION cell.prune_idempotency_keys OWNER TO @ledger@;
REVOKE CREATE ON SCHEMA cell FROM @ledger@;

INSERT INTO cell.periodic (name, every) VALUES
    ('collect_trash', '1 hour'), ('prune_idempotency_keys', '1 hour'),
    ('reconcile_storage', '1 day');
