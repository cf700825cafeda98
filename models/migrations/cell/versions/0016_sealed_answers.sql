-- An answer that is a secret, of a webhook for example, is kept under the tenant's key.
ALTER TABLE cell.idempotency_keys
    ADD COLUMN sealed bytea,
    ALTER COLUMN body DROP NOT NULL,
    ADD CHECK ((body IS NULL) <> (sealed IS NULL));
GRANT INSERT (sealed) ON cell.idempotency_keys TO @tenant_base@;
