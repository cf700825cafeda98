GRANT SELECT ON directory.alembic_version TO @ledger@;

-- The revision of this branch.
CREATE FUNCTION directory.revision()
RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT max(v.version_num) FROM directory.alembic_version v
$$;

REVOKE EXECUTE ON FUNCTION directory.revision FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory.revision TO @app@;
GRANT CREATE ON SCHEMA directory TO @ledger@;
ALTER FUNCTION directory.revision OWNER TO @ledger@;
REVOKE CREATE ON SCHEMA directory FROM @ledger@;
