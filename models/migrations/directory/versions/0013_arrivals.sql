-- What signing in costs beside a password, it costs for planning and for statements: these are two,
-- with plans that the connection keeps. They act with their caller's rights.

-- What has to be known of somebody who has just shown who they are. Where they were last comes first,
-- of tenants that can be entered; then where they came first. `places` are agents with addresses.
CREATE FUNCTION directory.arrival(person uuid, looked_at integer)
RETURNS TABLE (email text, password_hash text, second_factor boolean, tenant_id uuid,
               version integer, master text, wrapped bytea, places text[])
LANGUAGE plpgsql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT u.email, u.password_hash, f.user_id IS NOT NULL, p.tenant_id,
           k.version, k.master, k.wrapped,
           ARRAY(SELECT DISTINCT ARRAY[coalesce(s.agent, ''), coalesce(s.address, '')]
                   FROM (SELECT agent, address FROM directory.sessions
                          WHERE user_id = u.id ORDER BY id DESC LIMIT arrival.looked_at) s)
      FROM directory.users u
      LEFT JOIN (SELECT version, master, wrapped FROM directory.data_keys
                  ORDER BY version DESC LIMIT 1) k ON true
      LEFT JOIN directory.second_factors f ON f.user_id = u.id AND f.confirmed_at IS NOT NULL
      LEFT JOIN LATERAL (
           SELECT m.tenant_id
             FROM directory.memberships m
             JOIN directory.tenants t ON t.id = m.tenant_id
             LEFT JOIN LATERAL (
                  SELECT max(s.seen_at) AS at FROM directory.sessions s
                   WHERE s.user_id = m.user_id AND s.tenant_id = m.tenant_id) seen ON true
            WHERE m.user_id = u.id AND NOT m.suspended AND t.state IN ('creating', 'active')
            ORDER BY seen.at DESC NULLS LAST, m.created_at LIMIT 1) p ON true
     WHERE u.id = arrival.person;
END $$;

-- A session with its first refresh token, and the entry of the log that tells of it; `others` are
-- left to go on. Answers what the person is to the tenant. Where a password's digest is `known`, and
-- is theirs no more, or they have a second factor by now, nothing is done, and there is no row.
CREATE FUNCTION directory.start_session(
    person uuid, tenant uuid, method text, address text, agent text, life interval, digest bytea,
    others integer, noted jsonb, known text)
RETURNS TABLE (id uuid, expires_at timestamptz, role text, suspended boolean, leads text)
LANGUAGE plpgsql ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    made record;
BEGIN
    IF start_session.known IS NOT NULL THEN
        -- Who changes it ends the sessions after that: either they wait for this one, or it for them.
        PERFORM FROM directory.users u
          WHERE u.id = start_session.person AND u.password_hash = start_session.known
            AND NOT EXISTS (SELECT FROM directory.second_factors f
                             WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL)
            FOR SHARE OF u;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    UPDATE directory.sessions SET ended_at = now()
     WHERE id IN (SELECT s.id FROM directory.sessions s
                   WHERE s.user_id = start_session.person AND s.ended_at IS NULL
                   ORDER BY s.seen_at DESC OFFSET start_session.others);
    INSERT INTO directory.sessions AS s (user_id, tenant_id, method, address, agent, expires_at)
    VALUES (start_session.person, start_session.tenant, start_session.method,
            start_session.address, start_session.agent, now() + start_session.life)
    RETURNING s.id, s.expires_at INTO made;
    INSERT INTO directory.refresh_tokens (digest, session_id)
    VALUES (start_session.digest, made.id);
    INSERT INTO directory.audit (user_id, subject, shown, action, method, route, targets, status,
                                 request_id, address, agent)
    SELECT start_session.person, n.subject, n.shown, n.action, n.method, n.route,
           n.targets || jsonb_build_object('session_id', made.id), n.status,
           n.request_id, n.address, n.agent
      FROM jsonb_to_record(start_session.noted) AS n(
           subject text, shown text, action text, method text, route text, targets jsonb,
           status smallint, request_id text, address text, agent text);
    RETURN QUERY
    SELECT made.id, made.expires_at, m.role, coalesce(m.suspended, false), o.role
      FROM (SELECT) one
      LEFT JOIN directory.tenants t ON t.id = start_session.tenant
      LEFT JOIN directory.memberships m ON m.tenant_id = t.id AND m.user_id = start_session.person
      LEFT JOIN directory.organisation_members o
             ON o.organisation_id = t.organisation_id AND o.user_id = start_session.person;
END $$;

-- As it was, but for one thing: each tenant is looked up by its key. Of many tenants a plan that is
-- kept read them all, since it knows not how few are somebody's.
CREATE OR REPLACE FUNCTION directory.tenants_of(
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
     CROSS JOIN LATERAL (SELECT * FROM directory.tenants WHERE id = mine.tenant_id OFFSET 0) t
      LEFT JOIN directory.organisations g ON g.id = t.organisation_id
      LEFT JOIN directory.organisation_members o
             ON o.organisation_id = t.organisation_id AND o.user_id = tenants_of.person
     WHERE (tenants_of.tenant IS NULL OR t.id = tenants_of.tenant)
       AND (tenants_of.organisation IS NULL OR t.organisation_id = tenants_of.organisation)
       AND (tenants_of.after_id IS NULL
            OR (t.name, t.id) > (tenants_of.after_name, tenants_of.after_id))
     ORDER BY t.name, t.id LIMIT tenants_of.most;
END $$;

REVOKE EXECUTE ON FUNCTION directory.arrival, directory.start_session FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory.arrival, directory.start_session TO @identity@;
