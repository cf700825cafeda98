-- Both join five tables by their keys: planning that takes longer than doing it. Statements are not
-- prepared here, which poolers and schemas per tenant rule out; a function's plan is kept by the
-- connection. They act with their caller's rights.

-- Who somebody is to a tenant, and whether their session goes on. No row: there is no such session.
CREATE FUNCTION directory.standing(session_id uuid, person uuid, tenant uuid)
RETURNS TABLE (live boolean, role text, suspended boolean, shown text, leads text,
               id uuid, slug text, name text, cell text, state text)
LANGUAGE plpgsql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.ended_at IS NULL AND s.expires_at > now(), m.role, m.suspended,
           u.name, o.role, t.id, t.slug, t.name, t.cell, t.state
      FROM directory.sessions s
      JOIN directory.users u ON u.id = s.user_id
      LEFT JOIN directory.tenants t ON t.id = standing.tenant
      LEFT JOIN directory.memberships m ON m.user_id = s.user_id AND m.tenant_id = t.id
      LEFT JOIN directory.organisation_members o
             ON o.user_id = s.user_id AND o.organisation_id = t.organisation_id
     WHERE s.id = standing.session_id AND s.user_id = standing.person;
END $$;

-- The tenants of somebody's, by name: their own, and those of organisations that they lead. Of one
-- tenant or organisation where that is said, and those behind a name and an id.
CREATE FUNCTION directory.tenants_of(
    person uuid, tenant uuid, organisation uuid, after_name text, after_id uuid, most integer)
RETURNS TABLE (id uuid, slug text, name text, state text, purge_after timestamptz,
               organisation_id uuid, organisation_name text, role text, suspended boolean, leads text)
LANGUAGE plpgsql STABLE ROWS 3 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH mine AS (
        SELECT m.tenant_id, m.role, m.suspended
          FROM directory.memberships m WHERE m.user_id = tenants_of.person
        UNION ALL
        SELECT l.id, NULL, false
          FROM directory.organisation_members o
          JOIN directory.tenants l ON l.organisation_id = o.organisation_id
         WHERE o.user_id = tenants_of.person AND o.role IN ('owner', 'admin')
           AND NOT EXISTS (SELECT FROM directory.memberships n
                            WHERE n.user_id = tenants_of.person AND n.tenant_id = l.id))
    SELECT t.id, t.slug, t.name, t.state, t.purge_after, t.organisation_id,
           g.name, mine.role, mine.suspended, o.role
      FROM mine
      JOIN directory.tenants t ON t.id = mine.tenant_id
       AND (tenants_of.tenant IS NULL OR t.id = tenants_of.tenant)
       AND (tenants_of.organisation IS NULL OR t.organisation_id = tenants_of.organisation)
       AND (tenants_of.after_id IS NULL
            OR (t.name, t.id) > (tenants_of.after_name, tenants_of.after_id))
      LEFT JOIN directory.organisations g ON g.id = t.organisation_id
      LEFT JOIN directory.organisation_members o
             ON o.organisation_id = t.organisation_id AND o.user_id = tenants_of.person
     ORDER BY t.name, t.id LIMIT tenants_of.most;
END $$;

REVOKE EXECUTE ON FUNCTION directory.standing, directory.tenants_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory.standing, directory.tenants_of TO @identity@;
