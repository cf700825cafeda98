-- The cell branch: tenants of this cell, the ledger, events, queues, workers, periodic work.
-- @migrator@, @ledger@, @tenant_base@ and @app@ are this database's role names.

CREATE TABLE cell.tenants (
    tenant_id      uuid PRIMARY KEY,
    lane           integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    weight         real NOT NULL DEFAULT 1 CHECK (weight > 0),
    suspended      boolean NOT NULL DEFAULT false,
    schema_version text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, lane)
);
COMMENT ON COLUMN cell.tenants.lane IS 'The tenant''s place in the round-robin of the fair claim.';

CREATE TABLE cell.event_heads (
    tenant_id uuid PRIMARY KEY REFERENCES cell.tenants ON DELETE CASCADE,
    seq       bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE cell.events (
    tenant_id uuid NOT NULL REFERENCES cell.tenants ON DELETE CASCADE,
    seq       bigint NOT NULL,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind      text NOT NULL,
    run_id    uuid,
    stage_id  uuid,
    data      jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX events_at ON cell.events (at);

CREATE TABLE cell.runs (
    id          uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant_id   uuid NOT NULL REFERENCES cell.tenants ON DELETE CASCADE,
    asset_id    uuid,
    recipe      text NOT NULL,
    class       smallint NOT NULL DEFAULT 0 CHECK (class IN (0, 1)),
    state       text NOT NULL DEFAULT 'running'
                CHECK (state IN ('running', 'cancelling', 'done', 'failed', 'cancelled')),
    unfinished  integer NOT NULL DEFAULT 0 CHECK (unfinished >= 0),
    active      integer NOT NULL DEFAULT 0 CHECK (active >= 0),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    UNIQUE (tenant_id, id)
) WITH (fillfactor = 70);
COMMENT ON COLUMN cell.runs.class IS '0 interactive, 1 batch.';
COMMENT ON COLUMN cell.runs.unfinished IS 'Stages that are neither done nor skipped.';
COMMENT ON COLUMN cell.runs.active IS 'Stages that are ready, delayed or running.';
CREATE INDEX runs_open ON cell.runs (id) WHERE state IN ('running', 'cancelling');

CREATE SEQUENCE cell.position;

CREATE TABLE cell.stage_runs (
    id               uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant_id        uuid NOT NULL,
    run_id           uuid NOT NULL,
    lane             integer NOT NULL,
    name             text NOT NULL,
    -- The queues have sequences of their own, so that a new one needs a migration anyway; a
    -- foreign key would lock the queue's row for each stage.
    queue            text NOT NULL CHECK (queue IN ('media', 'gpu', 'light')),
    class            smallint NOT NULL,
    position         bigint NOT NULL DEFAULT nextval('cell.position'),
    state            text NOT NULL CHECK (state IN ('waiting', 'ready', 'delayed', 'running',
                                                    'done', 'skipped', 'failed', 'cancelled')),
    pending          integer NOT NULL DEFAULT 0 CHECK (pending >= 0),
    version          integer NOT NULL DEFAULT 1,
    options          jsonb NOT NULL DEFAULT '{}',
    deadline_seconds real NOT NULL DEFAULT 600,
    attempt          integer NOT NULL DEFAULT 0,
    failures         integer NOT NULL DEFAULT 0,
    losses           integer NOT NULL DEFAULT 0,
    holder           uuid,
    lease_until      timestamptz,
    cancel_requested boolean NOT NULL DEFAULT false,
    progress         real NOT NULL DEFAULT 0,
    progress_at      timestamptz,
    due_at           timestamptz,
    ready_at         timestamptz,
    started_at       timestamptz,
    finished_at      timestamptz,
    result           jsonb,
    error            jsonb,
    UNIQUE (run_id, name),
    -- Foreign keys look behind the policies, so they carry the tenant: no stage can be put into
    -- another tenant's run or be counted on another's turn.
    FOREIGN KEY (tenant_id, run_id) REFERENCES cell.runs (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, lane) REFERENCES cell.tenants (tenant_id, lane) ON DELETE CASCADE,
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state = 'running') = (holder IS NOT NULL)),
    CHECK ((state = 'delayed') = (due_at IS NOT NULL))
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02,
        autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.1);
-- Leases, progress and cancellation stand in no index, so that renewing stays a HOT update.
CREATE INDEX stage_runs_ready ON cell.stage_runs (queue, class, lane, position)
    WHERE state = 'ready';
CREATE INDEX stage_runs_running ON cell.stage_runs (queue, lane) INCLUDE (class)
    WHERE state = 'running';
CREATE INDEX stage_runs_delayed ON cell.stage_runs (due_at) WHERE state = 'delayed';

CREATE TABLE cell.stage_edges (
    tenant_id uuid NOT NULL,
    needs_id  uuid NOT NULL REFERENCES cell.stage_runs ON DELETE CASCADE,
    stage_id  uuid NOT NULL REFERENCES cell.stage_runs ON DELETE CASCADE,
    PRIMARY KEY (needs_id, stage_id)
);
CREATE INDEX stage_edges_stage ON cell.stage_edges (stage_id);

CREATE TABLE cell.queues (
    name  text PRIMARY KEY,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paused'))
);
INSERT INTO cell.queues (name) VALUES ('media'), ('gpu'), ('light');
-- Registers without locks: whose turn it is, and which lane was served last in each class.
CREATE SEQUENCE cell.turn_media;
CREATE SEQUENCE cell.turn_gpu;
CREATE SEQUENCE cell.turn_light;
CREATE SEQUENCE cell.served_media_0 MINVALUE 0;
CREATE SEQUENCE cell.served_media_1 MINVALUE 0;
CREATE SEQUENCE cell.served_gpu_0 MINVALUE 0;
CREATE SEQUENCE cell.served_gpu_1 MINVALUE 0;
CREATE SEQUENCE cell.served_light_0 MINVALUE 0;
CREATE SEQUENCE cell.served_light_1 MINVALUE 0;

CREATE TABLE cell.workers (
    id         uuid PRIMARY KEY,
    host       text NOT NULL,
    pid        integer NOT NULL,
    queues     text[] NOT NULL,
    slots      integer NOT NULL CHECK (slots > 0),
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE cell.sweeper (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    judge_from timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 10);
INSERT INTO cell.sweeper DEFAULT VALUES;
COMMENT ON TABLE cell.sweeper IS 'When the last sweep was, and from when on leases are judged.';

CREATE TABLE cell.periodic (
    name        text PRIMARY KEY,
    every       interval NOT NULL CHECK (every > interval '0'),
    due_at      timestamptz NOT NULL DEFAULT now(),
    attempt     integer NOT NULL DEFAULT 0,
    holder      uuid,
    lease_until timestamptz,
    finished_at timestamptz,
    error       text
);
INSERT INTO cell.periodic (name, every) VALUES ('prune_events', '10 minutes'), ('collect_artifacts', '1 hour');

-- Row-level security: the tenant is derived from the role and from nothing else.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['tenants', 'event_heads', 'events', 'runs', 'stage_runs', 'stage_edges'] LOOP
        EXECUTE format('ALTER TABLE cell.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE cell.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON cell.%I TO @tenant_base@ '
            'USING (tenant_id = substr(current_user::text, 3)::uuid) '
            'WITH CHECK (tenant_id = substr(current_user::text, 3)::uuid)', t);
        EXECUTE format('CREATE POLICY migrator ON cell.%I TO @migrator@ USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY ledger ON cell.%I TO @ledger@ USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;
-- An edge's foreign keys do not carry the tenant, which would cost the stages another index.
CREATE POLICY own_stages ON cell.stage_edges AS RESTRICTIVE FOR INSERT TO @tenant_base@
    WITH CHECK (EXISTS (SELECT FROM cell.stage_runs s WHERE s.id = needs_id)
            AND EXISTS (SELECT FROM cell.stage_runs s WHERE s.id = stage_id));

GRANT USAGE ON SCHEMA cell TO @tenant_base@, @ledger@, @app@;
GRANT SELECT ON cell.tenants, cell.events, cell.event_heads TO @tenant_base@;
GRANT INSERT ON cell.events TO @tenant_base@;
GRANT UPDATE (seq) ON cell.event_heads TO @tenant_base@;
GRANT SELECT, INSERT ON cell.runs TO @tenant_base@;
GRANT SELECT, INSERT (tenant_id, run_id, lane, class, name, queue, state, pending, version, options,
                      deadline_seconds, ready_at) ON cell.stage_runs TO @tenant_base@;
GRANT UPDATE (state, unfinished, active, finished_at) ON cell.runs TO @tenant_base@;
GRANT UPDATE (state, pending, position, failures, losses, holder, lease_until, cancel_requested,
              progress, progress_at, due_at, ready_at, started_at, finished_at, result, error)
      ON cell.stage_runs TO @tenant_base@;
GRANT SELECT, INSERT ON cell.stage_edges TO @tenant_base@;
GRANT USAGE ON SEQUENCE cell.position TO @tenant_base@;

GRANT SELECT (tenant_id, lane, weight, suspended, schema_version) ON cell.tenants TO @ledger@;
GRANT SELECT, UPDATE (state) ON cell.queues TO @ledger@;
GRANT SELECT, UPDATE (seq) ON cell.event_heads TO @ledger@;
GRANT INSERT ON cell.events TO @ledger@;
GRANT SELECT (tenant_id, at, seq), DELETE ON cell.events TO @ledger@;
GRANT SELECT (id, tenant_id, state, unfinished, active),
      UPDATE (state, unfinished, active, finished_at) ON cell.runs TO @ledger@;
GRANT SELECT (id, tenant_id, run_id, lane, name, queue, class, position, state, pending, attempt,
              failures, losses, holder, lease_until, cancel_requested, deadline_seconds,
              progress_at, due_at, started_at),
      UPDATE (state, pending, position, attempt, losses, holder, lease_until, progress,
              progress_at, due_at, ready_at, started_at, finished_at, error)
      ON cell.stage_runs TO @ledger@;
GRANT SELECT (needs_id, stage_id) ON cell.stage_edges TO @ledger@;
GRANT SELECT, INSERT, UPDATE, DELETE ON cell.workers TO @ledger@;
GRANT SELECT, UPDATE ON cell.periodic, cell.sweeper TO @ledger@;
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA cell TO @ledger@;
