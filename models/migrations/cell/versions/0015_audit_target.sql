-- Which entries are about a thing: an index under row-level security has to be of plain values, so it
-- is a table of its own. Entries fill it as they are written, and take their rows with them.
CREATE TABLE cell.audit_targets (
    tenant_id uuid NOT NULL,
    target    text NOT NULL CHECK (length(target) <= 200),
    id        uuid NOT NULL,
    PRIMARY KEY (tenant_id, target, id),
    FOREIGN KEY (tenant_id, id) REFERENCES cell.audit ON DELETE CASCADE
);
CREATE INDEX audit_targets_entry ON cell.audit_targets (tenant_id, id);

ALTER TABLE cell.audit_targets ENABLE ROW LEVEL SECURITY;
ALTER TABLE cell.audit_targets FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON cell.audit_targets TO @tenant_base@
    USING (tenant_id = substr(current_user::text, 3)::uuid)
    WITH CHECK (tenant_id = substr(current_user::text, 3)::uuid);
CREATE POLICY migrator ON cell.audit_targets TO @migrator@ USING (true) WITH CHECK (true);
GRANT SELECT, INSERT (tenant_id, target, id) ON cell.audit_targets TO @tenant_base@;

CREATE FUNCTION cell.note_targets() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO cell.audit_targets (tenant_id, target, id)
    SELECT DISTINCT NEW.tenant_id, t.value, NEW.id FROM jsonb_each_text(NEW.targets) t
     WHERE t.value IS NOT NULL;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION cell.note_targets FROM PUBLIC;
CREATE TRIGGER note_targets AFTER INSERT ON cell.audit
   FOR EACH ROW WHEN (NEW.targets <> '{}') EXECUTE FUNCTION cell.note_targets();

INSERT INTO cell.audit_targets (tenant_id, target, id)
SELECT DISTINCT a.tenant_id, t.value, a.id
  FROM cell.audit a CROSS JOIN LATERAL jsonb_each_text(a.targets) t WHERE t.value IS NOT NULL;
