-- What language models may cost a tenant in a month, and what each question to one did.
-- A row is made before a question is sent, with the most that it may take, and is settled with what
-- it took. What nobody settles, since its worker was killed, counts as it was reserved.
CREATE TABLE cell.text_spending (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant_id  uuid NOT NULL REFERENCES cell.tenants ON DELETE CASCADE,
    month      date NOT NULL DEFAULT date_trunc('month', now() AT TIME ZONE 'UTC')::date,
    tokens     bigint NOT NULL CHECK (tokens >= 0),
    dollars    numeric(14, 6) CHECK (dollars >= 0),
    settled_at timestamptz
);
COMMENT ON COLUMN cell.text_spending.month IS 'Its first day, by UTC.';
COMMENT ON COLUMN cell.text_spending.dollars IS 'Null where the model''s price is not known.';
CREATE INDEX text_spending_month ON cell.text_spending (tenant_id, month);

ALTER TABLE cell.text_spending ENABLE ROW LEVEL SECURITY;
ALTER TABLE cell.text_spending FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cell.text_spending TO @tenant_base@
    USING (tenant_id = substr(current_user::text, 3)::uuid)
    WITH CHECK (tenant_id = substr(current_user::text, 3)::uuid);
CREATE POLICY migrator ON cell.text_spending TO @migrator@ USING (true) WITH CHECK (true);
-- The month is not for whoever writes to say, and what is spent is never forgotten.
GRANT SELECT, INSERT (tenant_id, tokens, dollars), UPDATE (tokens, dollars, settled_at)
      ON cell.text_spending TO @tenant_base@;

ALTER TABLE cell.quotas ADD COLUMN text_tokens bigint CHECK (text_tokens >= 0);
ALTER TABLE cell.quotas ADD COLUMN text_dollars numeric(14, 6) CHECK (text_dollars >= 0);
