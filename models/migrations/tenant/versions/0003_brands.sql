-- The tenant branch: runs once in every tenant's schema, which is first on the search path.

CREATE TABLE brands (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    is_default boolean NOT NULL DEFAULT false,
    -- Counts the changes that people make; what a client changes, it changes at a version.
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX brands_name ON brands (lower(name));
CREATE UNIQUE INDEX brands_default ON brands (is_default) WHERE is_default;

-- Its body is bound to this schema's table now, and looks nothing up by a path later.
CREATE FUNCTION default_brand() RETURNS uuid LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT id FROM brands WHERE is_default;
END;
-- Of all tenants, only this one may use the schema that it is in.
GRANT EXECUTE ON FUNCTION default_brand() TO @tenant_base@;
