-- The directory branch: which tenants exist and in which cell each lives.

CREATE TABLE directory.tenants (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    slug       text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    cell       text NOT NULL,
    state      text NOT NULL DEFAULT 'creating'
               CHECK (state IN ('creating', 'active', 'suspended', 'purging')),
    created_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE directory.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE directory.tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY migrator ON directory.tenants TO @migrator@ USING (true) WITH CHECK (true);
CREATE POLICY ledger ON directory.tenants TO @ledger@ USING (true) WITH CHECK (true);

GRANT USAGE ON SCHEMA directory TO @ledger@, @app@;
GRANT SELECT (id, slug, name, cell, state) ON directory.tenants TO @ledger@;

-- Where a tenant lives, by its slug or by its id as text.
CREATE FUNCTION directory.find_tenant(p_name text)
RETURNS TABLE (id uuid, slug text, name text, cell text, state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.id, t.slug, t.name, t.cell, t.state FROM directory.tenants t
     WHERE t.slug = p_name OR t.id::text = p_name
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA directory FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory.find_tenant TO @app@;
GRANT CREATE ON SCHEMA directory TO @ledger@;
ALTER FUNCTION directory.find_tenant OWNER TO @ledger@;
REVOKE CREATE ON SCHEMA directory FROM @ledger@;
