-- Mails: written in the transaction that they tell of, sent by workers.
CREATE TABLE directory.mails (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
    recipient  text NOT NULL CHECK (length(recipient) BETWEEN 3 AND 320),
    language   text NOT NULL DEFAULT 'en' CHECK (language ~ '^[a-z]{2}(-[A-Z]{2})?$'),
    tenant_id  uuid,
    sealed     bytea,
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
    attempts   integer NOT NULL DEFAULT 0,
    holder     uuid,
    due_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at   timestamptz,
    error      text CHECK (length(error) <= 500),
    CHECK ((state = 'waiting') = (sealed IS NOT NULL)),
    CHECK ((state = 'waiting') = (ended_at IS NULL))
) WITH (fillfactor = 70);
COMMENT ON COLUMN directory.mails.id IS 'Also the mail''s Message-ID: a mail that comes twice is known.';
COMMENT ON COLUMN directory.mails.tenant_id IS 'Whom it is about, where it is about a tenant: it goes with that.';
COMMENT ON COLUMN directory.mails.sealed IS 'Its values, links with tokens above all; forgotten with the need for them.';
COMMENT ON COLUMN directory.mails.holder IS 'The attempt that may say how it ended.';
COMMENT ON COLUMN directory.mails.due_at IS 'When it is tried next; while somebody sends it, when that one counts as lost.';
CREATE INDEX mails_due ON directory.mails (due_at) WHERE state = 'waiting';
CREATE INDEX mails_ended ON directory.mails (ended_at) WHERE state <> 'waiting';
CREATE INDEX mails_tenant ON directory.mails (tenant_id) WHERE tenant_id IS NOT NULL;

ALTER TABLE directory.mails ENABLE ROW LEVEL SECURITY;
ALTER TABLE directory.mails FORCE ROW LEVEL SECURITY;
CREATE POLICY migrator ON directory.mails TO @migrator@ USING (true) WITH CHECK (true);
CREATE POLICY identity ON directory.mails TO @identity@ USING (true) WITH CHECK (true);
CREATE POLICY ledger ON directory.mails TO @ledger@ USING (true) WITH CHECK (true);

GRANT SELECT, INSERT (id, kind, recipient, language, tenant_id, sealed),
      UPDATE (sealed, state, attempts, holder, due_at, ended_at, error), DELETE
      ON directory.mails TO @identity@;
GRANT SELECT (state, due_at, created_at) ON directory.mails TO @ledger@;

-- How many mails are due, counted up to p_limit, how many wait at all, and how old the oldest is.
CREATE FUNCTION directory.mail_backlog(p_limit integer,
    OUT due integer, OUT waiting integer, OUT oldest_seconds double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FILTER (WHERE m.due_at <= clock_timestamp()), count(*),
           coalesce(extract(epoch FROM clock_timestamp() - min(m.created_at)), 0)
      FROM (SELECT w.due_at, w.created_at FROM directory.mails w
             WHERE w.state = 'waiting' ORDER BY w.due_at LIMIT p_limit) m
$$;

REVOKE EXECUTE ON FUNCTION directory.mail_backlog FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory.mail_backlog TO @app@;
GRANT CREATE ON SCHEMA directory TO @ledger@;
ALTER FUNCTION directory.mail_backlog OWNER TO @ledger@;
REVOKE CREATE ON SCHEMA directory FROM @ledger@;
