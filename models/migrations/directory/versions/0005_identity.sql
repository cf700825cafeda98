-- People: who they are, where they are members, and how they have signed in.
--
-- Everything here is the identity role's. Of passwords, tickets, tokens and keys there are digests.

CREATE TABLE directory.users (
    id            uuid PRIMARY KEY DEFAULT uuidv7(),
    email         text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    password_hash text,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN directory.users.email IS 'Shown as its owner wrote it; compared without capitals.';
COMMENT ON COLUMN directory.users.password_hash IS 'Argon2id; none for who signs in otherwise.';
CREATE UNIQUE INDEX users_email ON directory.users (lower(email));

-- What a mailed link proves. A secret is 256 random bits, and only its digest is kept.
CREATE TABLE directory.tickets (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    kind       text NOT NULL CHECK (kind IN ('sign_up', 'reset_password', 'change_address')),
    digest     bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    email      text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    user_id    uuid REFERENCES directory.users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    CHECK ((user_id IS NULL) = (kind = 'sign_up'))
);
CREATE INDEX tickets_expiry ON directory.tickets (expires_at);
CREATE INDEX tickets_user ON directory.tickets (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE directory.memberships (
    user_id    uuid NOT NULL REFERENCES directory.users ON DELETE CASCADE,
    tenant_id  uuid NOT NULL REFERENCES directory.tenants ON DELETE CASCADE,
    role       text NOT NULL
               CHECK (role IN ('owner', 'admin', 'editor', 'viewer', 'client-reviewer')),
    suspended  boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    version    integer NOT NULL DEFAULT 1,
    PRIMARY KEY (user_id, tenant_id)
);
CREATE INDEX memberships_tenant ON directory.memberships (tenant_id, user_id);

CREATE TABLE directory.sessions (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id    uuid NOT NULL REFERENCES directory.users ON DELETE CASCADE,
    tenant_id  uuid REFERENCES directory.tenants ON DELETE SET NULL,
    method     text NOT NULL,
    address    text CHECK (length(address) <= 64),
    agent      text CHECK (length(agent) <= 400),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz
) WITH (fillfactor = 80);
COMMENT ON COLUMN directory.sessions.tenant_id IS 'The tenant that its tokens are for.';
CREATE INDEX sessions_user ON directory.sessions (user_id, id);
CREATE INDEX sessions_expiry ON directory.sessions (expires_at);

-- Each is used once; who comes with a used one has a copy, and the whole session ends.
CREATE TABLE directory.refresh_tokens (
    digest     bytea PRIMARY KEY CHECK (length(digest) = 32),
    session_id uuid NOT NULL REFERENCES directory.sessions ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at    timestamptz
) WITH (fillfactor = 90);
CREATE INDEX refresh_tokens_session ON directory.refresh_tokens (session_id);

-- What signs access tokens. A key is known to gateways before it signs, and after.
CREATE TABLE directory.signing_keys (
    kid         text PRIMARY KEY CHECK (kid ~ '^[A-Za-z0-9_-]{8,64}$'),
    public_pem  text NOT NULL,
    private     bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    signs_from  timestamptz NOT NULL,
    signs_until timestamptz NOT NULL,
    CHECK (signs_until > signs_from)
);
COMMENT ON COLUMN directory.signing_keys.private IS 'Sealed.';

DO $do$
DECLARE
    it text;
BEGIN
    FOREACH it IN ARRAY ARRAY['users', 'tickets', 'memberships', 'sessions', 'refresh_tokens',
                              'signing_keys'] LOOP
        EXECUTE format('ALTER TABLE directory.%I ENABLE ROW LEVEL SECURITY', it);
        EXECUTE format('ALTER TABLE directory.%I FORCE ROW LEVEL SECURITY', it);
        EXECUTE format('CREATE POLICY migrator ON directory.%I TO @migrator@'
                       ' USING (true) WITH CHECK (true)', it);
        EXECUTE format('CREATE POLICY identity ON directory.%I TO @identity@'
                       ' USING (true) WITH CHECK (true)', it);
    END LOOP;
END $do$;
CREATE POLICY identity ON directory.tenants TO @identity@ USING (true) WITH CHECK (true);

GRANT SELECT, DELETE, INSERT (email, name, password_hash),
      UPDATE (email, name, password_hash, updated_at) ON directory.users TO @identity@;
-- Whoever locks a row must have a right to change it; a ticket's address never does.
GRANT SELECT, DELETE, INSERT (kind, digest, email, user_id, expires_at), UPDATE (email)
      ON directory.tickets TO @identity@;
GRANT SELECT, DELETE, INSERT (user_id, tenant_id, role), UPDATE (role, suspended, version)
      ON directory.memberships TO @identity@;
GRANT SELECT, DELETE, INSERT (user_id, tenant_id, method, address, agent, expires_at),
      UPDATE (tenant_id, seen_at, ended_at) ON directory.sessions TO @identity@;
GRANT SELECT, DELETE, INSERT (digest, session_id), UPDATE (used_at)
      ON directory.refresh_tokens TO @identity@;
GRANT SELECT, DELETE, INSERT (kid, public_pem, private, signs_from, signs_until)
      ON directory.signing_keys TO @identity@;
GRANT SELECT, INSERT (slug, name, cell), UPDATE (name) ON directory.tenants TO @identity@;
