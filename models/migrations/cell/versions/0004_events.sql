-- A restored backup counts on from an older number: the epoch tells its events from those that were
-- sent under the same numbers before.
ALTER TABLE cell.event_heads
    ADD COLUMN epoch integer NOT NULL DEFAULT floor(random() * 2147483648)::integer,
    ADD COLUMN watched_until timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN cell.event_heads.epoch IS 'Random; a restore draws another.';
COMMENT ON COLUMN cell.event_heads.watched_until IS 'Until when commits notify of the events.';
GRANT UPDATE (watched_until) ON cell.event_heads TO @tenant_base@;

-- As before, and told once a transaction to whoever watches. Commits that notify wait for each
-- other and wake every listener of the database, so what nobody watches is not told. The head stays
-- locked until the commit, so that numbers become visible in their order and without a gap.
CREATE OR REPLACE FUNCTION cell.emit(p_tenant uuid, p_kind text, p_run uuid, p_stage uuid, p_data jsonb)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_seq bigint; v_watched timestamptz;
BEGIN
    UPDATE cell.event_heads SET seq = seq + 1 WHERE tenant_id = p_tenant
    RETURNING seq, watched_until INTO v_seq, v_watched;
    INSERT INTO cell.events (tenant_id, seq, kind, run_id, stage_id, data)
    VALUES (p_tenant, v_seq, p_kind, p_run, p_stage, p_data);
    IF v_watched > clock_timestamp() THEN
        PERFORM pg_notify('ledger_events', p_tenant::text);
    END IF;
END $$;
