-- The ledger's transitions. Locks are waited for in the order run, stage, event head; the sweep
-- waits for none of them, and skips what another holds. The removal of a whole tenant takes its
-- runs, and then the tenant's row before the rest.
-- Functions of the caller's rights act under a tenant's role; the closed list of functions of
-- the definer's rights crosses tenants and stands at the end.

CREATE FUNCTION cell.emit(p_tenant uuid, p_kind text, p_run uuid, p_stage uuid, p_data jsonb)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_seq bigint;
BEGIN
    UPDATE cell.event_heads SET seq = seq + 1 WHERE tenant_id = p_tenant RETURNING seq INTO v_seq;
    INSERT INTO cell.events (tenant_id, seq, kind, run_id, stage_id, data)
    VALUES (p_tenant, v_seq, p_kind, p_run, p_stage, p_data);
END $$;

-- Ends or continues a run whose stage counts changed; the caller holds the run's lock.
CREATE FUNCTION cell.settle_run(p_run uuid, p_finished integer, p_active integer)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_old text; v cell.runs.state%TYPE; v_tenant uuid; v_unfinished integer; v_active integer;
BEGIN
    SELECT state, tenant_id, unfinished - p_finished, active + p_active
      INTO v_old, v_tenant, v_unfinished, v_active FROM cell.runs WHERE id = p_run;
    v := CASE WHEN v_active > 0 THEN v_old
              WHEN v_unfinished = 0 THEN 'done'
              WHEN v_old = 'cancelling' THEN 'cancelled'
              ELSE 'failed' END;
    UPDATE cell.runs SET unfinished = v_unfinished, active = v_active, state = v,
           finished_at = CASE WHEN v IN ('done', 'failed', 'cancelled') THEN clock_timestamp() END
     WHERE id = p_run;
    IF v <> v_old THEN
        PERFORM cell.emit(v_tenant, 'run.' || v, p_run, NULL, '{}');
    END IF;
    RETURN v;
END $$;

-- Records a result; false when the attempt was overtaken or cancelled, and then nothing changed.
CREATE FUNCTION cell.finish(p_stage uuid, p_attempt integer, p_holder uuid, p_outcome text, p_result jsonb)
RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off AS $$
DECLARE v_run uuid; v_tenant uuid; v_name text; v_opened integer; v_queues text[]; v_queue text;
BEGIN
    IF p_outcome IS NULL OR p_outcome NOT IN ('done', 'skipped') THEN
        RAISE 'a stage cannot be finished as %', p_outcome USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT run_id INTO v_run FROM cell.stage_runs WHERE id = p_stage;
    PERFORM 1 FROM cell.runs WHERE id = v_run FOR UPDATE;
    UPDATE cell.stage_runs
       SET state = p_outcome, result = p_result, error = NULL, progress = 1,
           finished_at = clock_timestamp(), holder = NULL, lease_until = NULL
     WHERE id = p_stage AND attempt = p_attempt AND holder = p_holder
       AND state = 'running' AND NOT cancel_requested
    RETURNING tenant_id, name INTO v_tenant, v_name;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    WITH opened AS (
        UPDATE cell.stage_runs s
           SET pending = s.pending - 1,
               state = CASE WHEN s.pending = 1 AND s.state = 'waiting' THEN 'ready' ELSE s.state END,
               position = CASE WHEN s.pending = 1 THEN nextval('cell.position') ELSE s.position END,
               ready_at = CASE WHEN s.pending = 1 THEN clock_timestamp() ELSE s.ready_at END
          FROM cell.stage_edges e
         WHERE e.needs_id = p_stage AND s.id = e.stage_id
        RETURNING s.queue, s.pending = 0 AND s.state = 'ready' AS is_open
    )
    SELECT count(*), array_agg(DISTINCT queue) INTO v_opened, v_queues FROM opened WHERE is_open;
    PERFORM cell.emit(v_tenant, 'stage.' || p_outcome, v_run, p_stage, jsonb_build_object('name', v_name));
    PERFORM cell.settle_run(v_run, 1, v_opened - 1);
    FOREACH v_queue IN ARRAY coalesce(v_queues, '{}') LOOP
        PERFORM pg_notify('ledger_ready', v_queue);
    END LOOP;
    RETURN true;
END $$;

-- Ends an attempt without a result: 'ready' (given back), 'delayed' (tried again after p_delay),
-- 'failed' (quarantined) or 'cancelled'. Whoever asked for a cancellation gets it, and without
-- one 'cancelled' is 'ready'. False when the attempt was overtaken.
CREATE FUNCTION cell.leave(p_stage uuid, p_attempt integer, p_holder uuid, p_state text,
                           p_delay interval, p_failures integer, p_error jsonb)
RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_run uuid; v_tenant uuid; v_name text; v_queue text; v_state text;
BEGIN
    IF p_state IS NULL OR p_state NOT IN ('ready', 'delayed', 'failed', 'cancelled') THEN
        RAISE 'a stage cannot be left as %', p_state USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT run_id INTO v_run FROM cell.stage_runs WHERE id = p_stage;
    PERFORM 1 FROM cell.runs WHERE id = v_run FOR UPDATE;
    SELECT CASE WHEN cancel_requested THEN 'cancelled' WHEN p_state = 'cancelled' THEN 'ready'
                ELSE p_state END
      INTO v_state FROM cell.stage_runs WHERE id = p_stage;
    UPDATE cell.stage_runs
       SET state = v_state, holder = NULL, lease_until = NULL,
           due_at = CASE WHEN v_state = 'delayed' THEN clock_timestamp() + p_delay END,
           ready_at = CASE WHEN v_state = 'ready' THEN clock_timestamp() ELSE ready_at END,
           finished_at = CASE WHEN v_state IN ('failed', 'cancelled') THEN clock_timestamp() END,
           failures = failures + p_failures, progress = 0,
           error = coalesce(p_error, error)
     WHERE id = p_stage AND attempt = p_attempt AND holder = p_holder AND state = 'running'
    RETURNING tenant_id, name, queue INTO v_tenant, v_name, v_queue;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM cell.emit(v_tenant, 'stage.' || v_state, v_run, p_stage,
                      jsonb_build_object('name', v_name, 'error', p_error -> 'reason'));
    IF v_state IN ('failed', 'cancelled') THEN
        PERFORM cell.settle_run(v_run, 0, -1);
    ELSIF v_state = 'ready' THEN
        PERFORM pg_notify('ledger_ready', v_queue);
    END IF;
    RETURN true;
END $$;

-- Extends a lease and reads cancellation: 'held', 'cancel' or 'lost'.
CREATE FUNCTION cell.renew(p_stage uuid, p_attempt integer, p_holder uuid, p_lease interval, p_progress real)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_cancel boolean;
BEGIN
    UPDATE cell.stage_runs
       SET lease_until = clock_timestamp() + p_lease,
           progress_at = CASE WHEN p_progress > progress THEN clock_timestamp() ELSE progress_at END,
           progress = greatest(progress, p_progress)
     WHERE id = p_stage AND attempt = p_attempt AND holder = p_holder AND state = 'running'
    RETURNING cancel_requested INTO v_cancel;
    RETURN CASE WHEN NOT FOUND THEN 'lost' WHEN v_cancel THEN 'cancel' ELSE 'held' END;
END $$;

-- Stops a run: what waits ends at once, what runs is told. False when it had already ended.
CREATE FUNCTION cell.cancel_run(p_run uuid)
RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_tenant uuid; v_active integer;
BEGIN
    SELECT tenant_id INTO v_tenant FROM cell.runs
     WHERE id = p_run AND state IN ('running', 'cancelling') FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- Waiting stages were never active, so they are ended apart from the count.
    UPDATE cell.stage_runs SET state = 'cancelled', finished_at = clock_timestamp()
     WHERE run_id = p_run AND state = 'waiting';
    WITH ended AS (
        UPDATE cell.stage_runs
           SET state = 'cancelled', due_at = NULL, finished_at = clock_timestamp()
         WHERE run_id = p_run AND state IN ('ready', 'delayed') RETURNING 1
    ) SELECT count(*) INTO v_active FROM ended;
    UPDATE cell.stage_runs SET cancel_requested = true WHERE run_id = p_run AND state = 'running';
    UPDATE cell.runs SET state = 'cancelling' WHERE id = p_run;
    PERFORM cell.settle_run(p_run, 0, -v_active);
    PERFORM pg_notify('ledger_cancel', p_run::text);
    RETURN true;
END $$;

-- Gives the failed and cancelled stages of an ended run a fresh start; the number of stages.
CREATE FUNCTION cell.retry_run(p_run uuid)
RETURNS integer LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_tenant uuid; v_count integer; v_ready integer; v_queue text;
BEGIN
    SELECT tenant_id INTO v_tenant FROM cell.runs
     WHERE id = p_run AND state IN ('failed', 'cancelled') FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    WITH again AS (
        UPDATE cell.stage_runs
           SET state = CASE WHEN pending = 0 THEN 'ready' ELSE 'waiting' END,
               position = nextval('cell.position'), ready_at = clock_timestamp(),
               failures = 0, losses = 0, progress = 0, cancel_requested = false,
               finished_at = NULL
         WHERE run_id = p_run AND state IN ('failed', 'cancelled')
        RETURNING state
    ) SELECT count(*), count(*) FILTER (WHERE state = 'ready') INTO v_count, v_ready FROM again;
    UPDATE cell.runs SET state = 'running', active = active + v_ready, finished_at = NULL
     WHERE id = p_run;
    PERFORM cell.emit(v_tenant, 'run.running', p_run, NULL, '{"retry": true}');
    FOR v_queue IN SELECT DISTINCT queue FROM cell.stage_runs WHERE run_id = p_run AND state = 'ready' LOOP
        PERFORM pg_notify('ledger_ready', v_queue);
    END LOOP;
    RETURN v_count;
END $$;

GRANT EXECUTE ON FUNCTION cell.emit, cell.settle_run, cell.finish, cell.leave, cell.renew,
    cell.cancel_run, cell.retry_run TO @tenant_base@;
GRANT EXECUTE ON FUNCTION cell.emit, cell.settle_run TO @ledger@;

-- ── The closed list of functions that cross tenants ────────────────────────────────────────

-- Takes the next stage of a queue: interactive before batch, but every fifth turn batch first
-- while it has no more than a fifth of what runs; the tenant with the least running per weight,
-- ties by longest unserved.
--
-- The walk starts behind the lane served last and stops at the first lane with nothing running:
-- nothing can be fairer than that one. With S slots at most S lanes have something running, so
-- among eligible lanes the walk visits at most S + 1 however many tenants wait, and never more
-- than 24; a lane alone in its class is taken without counting. Every probe begins at the lane's
-- first live row, because an old snapshot elsewhere keeps the dead ones before it in the index.
-- Tenants that are suspended or whose schema is at none of p_versions wait; a walk ends at its 40th
-- lane in all, and where none was eligible the next claim goes on from there.
--
-- The tenant's event head stays locked until the commit. Where somebody else holds it for long, a
-- claim fails (55P03) and is to be repeated without p_patient: such tenants are then passed over.
CREATE FUNCTION cell.claim(p_queue text, p_holder uuid, p_lease interval, p_versions text[],
    p_patient boolean DEFAULT true,
    OUT tenant_id uuid, OUT run_id uuid, OUT stage_id uuid, OUT attempt integer, OUT more boolean)
RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET lock_timeout = '300ms' ROWS 1 AS $$
#variable_conflict use_column
DECLARE
    v_turn bigint; v_class smallint; v_served regclass; v_start integer; v_lane integer;
    v_front bigint; v_wrapped boolean; v_load double precision; v_lanes integer[];
    v_fronts bigint[]; v_loads double precision[]; v_stage uuid; v_place bigint; v_alone boolean;
    v_visited integer; v_last integer; v_tenant uuid; v_classes smallint[] := '{0,1}';
BEGIN
    PERFORM 1 FROM cell.queues q WHERE q.name = p_queue AND q.state = 'open';
    IF NOT FOUND THEN
        RETURN;
    END IF;
    v_turn := nextval(('cell.turn_' || p_queue)::regclass);
    -- Turns count claims and not slots, so long batch stages would gather slot after slot.
    IF v_turn % 5 = 0 AND EXISTS (SELECT FROM cell.stage_runs s
         WHERE s.queue = p_queue AND s.class = 1 AND s.state = 'ready') THEN
        SELECT CASE WHEN count(*) FILTER (WHERE r.class = 1) * 5 <= count(*)
                    THEN '{1,0}'::smallint[] ELSE '{0,1}' END
          INTO v_classes FROM cell.stage_runs r WHERE r.queue = p_queue AND r.state = 'running';
    END IF;
    FOREACH v_class IN ARRAY v_classes LOOP
        v_served := ('cell.served_' || p_queue || '_' || v_class)::regclass;
        v_start := coalesce(pg_sequence_last_value(v_served), 0);
        v_lane := v_start;
        v_wrapped := false;
        v_alone := NULL;
        v_visited := 0;
        v_lanes := '{}';
        v_fronts := '{}';
        v_loads := '{}';
        LOOP
            SELECT s.lane, s.position INTO v_lane, v_front FROM cell.stage_runs s
             WHERE s.queue = p_queue AND s.class = v_class AND s.state = 'ready' AND s.lane > v_lane
             ORDER BY s.lane, s.position LIMIT 1;
            IF NOT FOUND THEN
                EXIT WHEN v_wrapped;
                v_wrapped := true;
                v_lane := 0;
                CONTINUE;
            END IF;
            EXIT WHEN v_wrapped AND v_lane > v_start;
            IF v_visited >= 40 THEN
                IF v_lanes = '{}' THEN
                    PERFORM setval(v_served, v_last);
                END IF;
                EXIT;
            END IF;
            v_visited := v_visited + 1;
            v_last := v_lane;
            IF v_alone IS NULL THEN
                v_alone := NOT EXISTS (SELECT FROM cell.stage_runs s
                     WHERE s.queue = p_queue AND s.class = v_class AND s.state = 'ready'
                       AND s.lane > v_lane)
                   AND NOT EXISTS (SELECT FROM cell.stage_runs s
                     WHERE s.queue = p_queue AND s.class = v_class AND s.state = 'ready'
                       AND s.lane < v_lane);
            END IF;
            SELECT CASE WHEN v_alone THEN 0 ELSE
                   (SELECT count(*) FROM cell.stage_runs r
                     WHERE r.queue = p_queue AND r.lane = v_lane AND r.state = 'running') / t.weight
                   END, t.tenant_id
              INTO v_load, v_tenant FROM cell.tenants t
             WHERE t.lane = v_lane AND NOT t.suspended
               AND t.schema_version = ANY (p_versions);
            CONTINUE WHEN NOT FOUND;
            IF NOT p_patient THEN
                PERFORM 1 FROM cell.event_heads h WHERE h.tenant_id = v_tenant FOR UPDATE SKIP LOCKED;
                CONTINUE WHEN NOT FOUND;
            END IF;
            v_lanes := v_lanes || v_lane;
            v_fronts := v_fronts || v_front;
            v_loads := v_loads || v_load;
            EXIT WHEN v_load = 0 OR cardinality(v_lanes) >= 24;
        END LOOP;
        FOR v_lane, v_front IN
            SELECT l, front FROM unnest(v_lanes, v_fronts, v_loads)
                   WITH ORDINALITY AS u(l, front, load, n) ORDER BY load, n
        LOOP
            SELECT s.id, s.position INTO v_stage, v_place FROM cell.stage_runs s
             WHERE s.queue = p_queue AND s.class = v_class AND s.lane = v_lane
               AND s.state = 'ready' AND s.position >= v_front
             ORDER BY s.position LIMIT 1 FOR UPDATE SKIP LOCKED;
            EXIT WHEN FOUND;
        END LOOP;
        EXIT WHEN v_stage IS NOT NULL;
    END LOOP;
    IF v_stage IS NULL THEN
        RETURN;
    END IF;
    PERFORM setval(v_served, v_lane);
    UPDATE cell.stage_runs s
       SET state = 'running', attempt = s.attempt + 1, holder = p_holder,
           lease_until = clock_timestamp() + p_lease, started_at = clock_timestamp(),
           progress = 0, progress_at = clock_timestamp()
     WHERE s.id = v_stage
    RETURNING s.tenant_id, s.run_id, s.id, s.attempt INTO tenant_id, run_id, stage_id, attempt;
    more := NOT v_alone OR EXISTS (SELECT FROM cell.stage_runs s
                     WHERE s.queue = p_queue AND s.class = v_class AND s.lane = v_lane
                       AND s.state = 'ready' AND s.position > v_place)
         OR EXISTS (SELECT FROM cell.stage_runs s
                     WHERE s.queue = p_queue AND s.class = 1 - v_class AND s.state = 'ready');
    PERFORM cell.emit(tenant_id, 'stage.running', run_id, stage_id,
                      jsonb_build_object('attempt', attempt));
    RETURN NEXT;
END $$;

-- Makes due stages ready, returns expired leases and, with p_repair, reopens joins that counting
-- lost. Where sweeps have paused, Postgres was away, and perhaps nobody could renew: from then on
-- no lease is judged for one whole lease. (Postgres' own start would not do: it is before recovery.)
CREATE FUNCTION cell.sweep(p_lease interval, p_max_losses integer, p_repair boolean,
    OUT expired integer, OUT due integer, OUT repaired integer)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE r record; v_state text; v_name text; v_queue text; v_judge_from timestamptz;
BEGIN
    expired := 0;
    repaired := 0;
    UPDATE cell.sweeper
       SET judge_from = CASE WHEN clock_timestamp() - seen_at > p_lease / 2
                             THEN clock_timestamp() + p_lease ELSE judge_from END,
           seen_at = clock_timestamp()
    RETURNING judge_from INTO v_judge_from;
    WITH woken AS (
        UPDATE cell.stage_runs s
           SET state = 'ready', due_at = NULL, ready_at = clock_timestamp(),
               position = nextval('cell.position')
         WHERE s.id IN (SELECT d.id FROM cell.stage_runs d
                         WHERE d.state = 'delayed' AND d.due_at <= clock_timestamp()
                         ORDER BY d.due_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
        RETURNING s.queue
    ) SELECT count(*) INTO due FROM woken;
    FOR r IN SELECT s.id, s.run_id, s.attempt, s.tenant_id FROM cell.stage_runs s
              WHERE s.state = 'running' AND s.lease_until < clock_timestamp()
                AND clock_timestamp() >= v_judge_from
              ORDER BY s.run_id, s.id LIMIT 200 LOOP
        -- All that an expired lease needs is taken without waiting, or it is left to the next
        -- sweep: one stuck transaction must not keep the whole cell's leases from returning.
        PERFORM 1 FROM cell.runs WHERE id = r.run_id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        PERFORM 1 FROM cell.stage_runs WHERE id = r.id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        PERFORM 1 FROM cell.event_heads WHERE tenant_id = r.tenant_id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        UPDATE cell.stage_runs s
           SET state = CASE WHEN s.cancel_requested THEN 'cancelled'
                            WHEN s.losses + 1 >= p_max_losses THEN 'failed' ELSE 'ready' END,
               losses = s.losses + 1, holder = NULL, lease_until = NULL, progress = 0,
               ready_at = clock_timestamp(),
               finished_at = CASE WHEN s.cancel_requested OR s.losses + 1 >= p_max_losses
                                  THEN clock_timestamp() END,
               error = jsonb_build_object('code', 'worker_lost', 'reason',
                   format('the worker was lost %s times while it ran this stage', s.losses + 1))
         WHERE s.id = r.id AND s.attempt = r.attempt AND s.state = 'running'
           AND s.lease_until < clock_timestamp()
        RETURNING s.state, s.name, s.queue INTO v_state, v_name, v_queue;
        CONTINUE WHEN NOT FOUND;
        expired := expired + 1;
        PERFORM cell.emit(r.tenant_id, 'stage.' || v_state, r.run_id, r.id,
                          jsonb_build_object('name', v_name, 'error', 'worker lost'));
        IF v_state <> 'ready' THEN
            PERFORM cell.settle_run(r.run_id, 0, -1);
        END IF;
    END LOOP;
    IF NOT p_repair THEN
        RETURN;
    END IF;
    FOR r IN SELECT w.id, w.run_id FROM cell.stage_runs w
               JOIN cell.runs u ON u.id = w.run_id AND u.state = 'running' AND u.active = 0
              WHERE w.state = 'waiting' AND NOT EXISTS (
                    SELECT 1 FROM cell.stage_edges e JOIN cell.stage_runs n ON n.id = e.needs_id
                     WHERE e.stage_id = w.id AND n.state NOT IN ('done', 'skipped'))
              LIMIT 200 LOOP
        PERFORM 1 FROM cell.runs WHERE id = r.run_id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        PERFORM 1 FROM cell.stage_runs WHERE id = r.id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        UPDATE cell.stage_runs SET state = 'ready', pending = 0, ready_at = clock_timestamp()
         WHERE id = r.id AND state = 'waiting';
        CONTINUE WHEN NOT FOUND;
        UPDATE cell.runs SET active = active + 1 WHERE id = r.run_id;
        repaired := repaired + 1;
    END LOOP;
END $$;

-- How much waits and runs in each queue, counted up to p_limit, and how many slots serve it.
CREATE FUNCTION cell.backlog(p_limit integer)
RETURNS TABLE (queue text, state text, ready integer, running integer, slots integer)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off AS $$
    SELECT q.name, q.state,
           (SELECT count(*) FROM (SELECT 1 FROM cell.stage_runs s
             WHERE s.queue = q.name AND s.state = 'ready' LIMIT p_limit) x)::integer
         + CASE WHEN q.name = 'light' THEN (SELECT count(*) FROM cell.periodic p
             WHERE p.due_at <= clock_timestamp()
               AND (p.lease_until IS NULL OR p.lease_until < clock_timestamp()))::integer ELSE 0 END,
           (SELECT count(*) FROM (SELECT 1 FROM cell.stage_runs s
             WHERE s.queue = q.name AND s.state = 'running' LIMIT p_limit) x)::integer,
           coalesce((SELECT sum(w.slots) FROM cell.workers w
             WHERE q.name = ANY (w.queues) AND w.seen_at > now() - interval '30 seconds'), 0)::integer
      FROM cell.queues q
$$;

-- Opens or pauses a queue for the whole cell; false when there is no such queue.
CREATE FUNCTION cell.switch_queue(p_queue text, p_state text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE cell.queues SET state = p_state WHERE name = p_queue;
    IF FOUND AND p_state = 'open' THEN
        PERFORM pg_notify('ledger_ready', p_queue);
    END IF;
    RETURN FOUND;
END $$;

CREATE FUNCTION cell.worker_seen(p_id uuid, p_host text, p_pid integer, p_queues text[], p_slots integer)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO cell.workers (id, host, pid, queues, slots) VALUES (p_id, p_host, p_pid, p_queues, p_slots)
    ON CONFLICT (id) DO UPDATE SET seen_at = now(), queues = p_queues, slots = p_slots;
    DELETE FROM cell.workers w WHERE w.seen_at < now() - interval '5 minutes'
$$;

CREATE FUNCTION cell.worker_gone(p_id uuid)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM cell.workers w WHERE w.id = p_id
$$;

-- Takes one piece of periodic work that is due.
CREATE FUNCTION cell.claim_periodic(p_holder uuid, p_lease interval)
RETURNS TABLE (name text, attempt integer)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE cell.periodic p SET holder = p_holder, attempt = p.attempt + 1,
           lease_until = clock_timestamp() + p_lease
     WHERE p.name = (SELECT d.name FROM cell.periodic d
                      WHERE d.due_at <= clock_timestamp()
                        AND (d.lease_until IS NULL OR d.lease_until < clock_timestamp())
                      ORDER BY d.due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING p.name, p.attempt
$$;

-- Keeps a piece of periodic work; false when it was overtaken.
CREATE FUNCTION cell.renew_periodic(p_name text, p_attempt integer, p_holder uuid, p_lease interval)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE cell.periodic SET lease_until = clock_timestamp() + p_lease
     WHERE name = p_name AND attempt = p_attempt AND holder = p_holder;
    RETURN FOUND;
END $$;

CREATE FUNCTION cell.finish_periodic(p_name text, p_attempt integer, p_holder uuid, p_error text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE cell.periodic SET holder = NULL, lease_until = NULL, error = p_error,
           finished_at = clock_timestamp(), due_at = clock_timestamp() + every
     WHERE name = p_name AND attempt = p_attempt AND holder = p_holder;
    RETURN FOUND;
END $$;

-- The tenants whose schema this release can work on, for periodic work that visits each.
CREATE FUNCTION cell.tenant_ids(p_versions text[])
RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.tenant_id FROM cell.tenants t
     WHERE t.schema_version = ANY (p_versions) ORDER BY t.lane
$$;

-- Forgets events older than p_age, in bounded bites; sequences live on in the heads.
CREATE FUNCTION cell.prune_events(p_age interval, p_limit integer)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_count integer;
BEGIN
    DELETE FROM cell.events e WHERE (e.tenant_id, e.seq) IN (
        SELECT o.tenant_id, o.seq FROM cell.events o
         WHERE o.at < now() - p_age ORDER BY o.at LIMIT p_limit);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

-- A tenant's lane, weight and state, for the request that begins on its behalf.
CREATE FUNCTION cell.tenant_state(p_tenant uuid)
RETURNS TABLE (lane integer, suspended boolean, schema_version text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.lane, t.suspended, t.schema_version FROM cell.tenants t WHERE t.tenant_id = p_tenant
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA cell FROM PUBLIC;
GRANT CREATE ON SCHEMA cell TO @ledger@;
DO $$
DECLARE f regprocedure;
BEGIN
    FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'cell'::regnamespace AND prosecdef LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO @app@', f);
        EXECUTE format('ALTER FUNCTION %s OWNER TO @ledger@', f);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA cell FROM @ledger@;
