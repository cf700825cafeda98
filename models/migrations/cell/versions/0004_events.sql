-- A restored backup counts on from an older number: the epoch tells its events from those that were
-- sent under the same numbers before.
ALTER TABLE cell.event_heads
    ADD COLUMN epoch integer NOT NULL DEFAULT floor(random() * 2147483648)::integer;
COMMENT ON COLUMN cell.event_heads.epoch IS 'Random; a restore draws another.';

-- As before, and told to whoever listens, once a transaction and tenant. The head stays locked
-- until the commit, so that numbers become visible in their order and without a gap.
CREATE OR REPLACE FUNCTION cell.emit(p_tenant uuid, p_kind text, p_run uuid, p_stage uuid, p_data jsonb)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_seq bigint;
BEGIN
    UPDATE cell.event_heads SET seq = seq + 1 WHERE tenant_id = p_tenant RETURNING seq INTO v_seq;
    INSERT INTO cell.events (tenant_id, seq, kind, run_id, stage_id, data)
    VALUES (p_tenant, v_seq, p_kind, p_run, p_stage, p_data);
    PERFORM pg_notify('ledger_events', p_tenant::text);
END $$;
