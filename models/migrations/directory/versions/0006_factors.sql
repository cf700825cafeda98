-- Second factors, further ways to sign in, and challenges by which one goes on. All of it is the identity role's.

-- One a person: a seed of which an app makes codes (RFC 6238).
CREATE TABLE directory.second_factors (
    user_id      uuid PRIMARY KEY REFERENCES directory.users ON DELETE CASCADE,
    seed         bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    confirmed_at timestamptz,
    last_step    bigint NOT NULL DEFAULT 0,
    wrong_codes  integer NOT NULL DEFAULT 0,
    closed_until timestamptz
);
COMMENT ON COLUMN directory.second_factors.seed IS 'Sealed.';
COMMENT ON COLUMN directory.second_factors.confirmed_at IS 'Until then nobody is asked for a code.';
COMMENT ON COLUMN directory.second_factors.last_step IS 'The half minute of the last code: none is taken twice.';
COMMENT ON COLUMN directory.second_factors.wrong_codes IS 'In a row; each tenth closes it to codes for a while.';

CREATE TABLE directory.recovery_codes (
    user_id uuid NOT NULL REFERENCES directory.second_factors ON DELETE CASCADE,
    digest  bytea NOT NULL CHECK (length(digest) = 32),
    used_at timestamptz,
    PRIMARY KEY (user_id, digest)
);

-- Challenges that somebody has answered, until they would have ended anyway.
CREATE TABLE directory.challenges (
    id         uuid PRIMARY KEY,
    tries      integer NOT NULL DEFAULT 0,
    spent      boolean NOT NULL DEFAULT false,
    expires_at timestamptz NOT NULL
);
CREATE INDEX challenges_expiry ON directory.challenges (expires_at);

-- Who somebody is elsewhere (OpenID Connect).
CREATE TABLE directory.identities (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id    uuid NOT NULL REFERENCES directory.users ON DELETE CASCADE,
    provider   text NOT NULL,
    issuer     text NOT NULL,
    subject    text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    email      text CHECK (length(email) <= 254),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at    timestamptz,
    UNIQUE (issuer, subject)
);
COMMENT ON COLUMN directory.identities.email IS 'As it was when it was linked, to be shown.';
CREATE INDEX identities_user ON directory.identities (user_id);

-- Keys in people's devices (WebAuthn); of each there is the public half.
CREATE TABLE directory.passkeys (
    id            uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id       uuid NOT NULL REFERENCES directory.users ON DELETE CASCADE,
    credential_id bytea NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 1 AND 1023),
    public_key    bytea NOT NULL CHECK (length(public_key) <= 4096),
    sign_count    bigint NOT NULL,
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at       timestamptz,
    suspected_at  timestamptz
);
COMMENT ON COLUMN directory.passkeys.suspected_at IS 'When its counter ran backwards, as a copy''s does.';
CREATE INDEX passkeys_user ON directory.passkeys (user_id);

DO $do$
DECLARE
    it text;
BEGIN
    FOREACH it IN ARRAY ARRAY['second_factors', 'recovery_codes', 'challenges', 'identities',
                              'passkeys'] LOOP
        EXECUTE format('ALTER TABLE directory.%I ENABLE ROW LEVEL SECURITY', it);
        EXECUTE format('ALTER TABLE directory.%I FORCE ROW LEVEL SECURITY', it);
        EXECUTE format('CREATE POLICY migrator ON directory.%I TO @migrator@'
                       ' USING (true) WITH CHECK (true)', it);
        EXECUTE format('CREATE POLICY identity ON directory.%I TO @identity@'
                       ' USING (true) WITH CHECK (true)', it);
    END LOOP;
END $do$;

GRANT SELECT, DELETE, INSERT (user_id, seed),
      UPDATE (seed, created_at, confirmed_at, last_step, wrong_codes, closed_until)
      ON directory.second_factors TO @identity@;
GRANT SELECT, DELETE, INSERT (user_id, digest), UPDATE (used_at)
      ON directory.recovery_codes TO @identity@;
GRANT SELECT, DELETE, INSERT (id, tries, spent, expires_at), UPDATE (tries, spent)
      ON directory.challenges TO @identity@;
GRANT SELECT, DELETE, INSERT (user_id, provider, issuer, subject, email), UPDATE (used_at)
      ON directory.identities TO @identity@;
GRANT SELECT, DELETE, INSERT (user_id, credential_id, public_key, sign_count, name),
      UPDATE (sign_count, name, used_at, suspected_at) ON directory.passkeys TO @identity@;
