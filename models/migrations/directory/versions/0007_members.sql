-- Who is asked to come, who is to own, who groups tenants, and how tenants end.

-- An agency's grouping of tenants. Its owners and admins are admins of each.
CREATE TABLE directory.organisations (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE directory.organisation_members (
    organisation_id uuid NOT NULL REFERENCES directory.organisations ON DELETE CASCADE,
    user_id         uuid NOT NULL REFERENCES directory.users ON DELETE CASCADE,
    role            text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organisation_id, user_id)
);
CREATE INDEX organisation_members_user ON directory.organisation_members (user_id);

ALTER TABLE directory.tenants
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN organisation_id uuid REFERENCES directory.organisations ON DELETE SET NULL,
    ADD COLUMN held boolean NOT NULL DEFAULT false,
    ADD COLUMN purge_after timestamptz,
    ADD COLUMN settled boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN directory.tenants.held IS 'Suspended by the operator.';
COMMENT ON COLUMN directory.tenants.purge_after IS 'It was to be deleted, and can be restored until then.';
COMMENT ON COLUMN directory.tenants.settled IS 'Whether its cell knows if it is suspended; the steward tells.';
CREATE INDEX tenants_organisation ON directory.tenants (organisation_id)
 WHERE organisation_id IS NOT NULL;
CREATE INDEX tenants_unsettled ON directory.tenants (id) WHERE NOT settled;
CREATE INDEX tenants_doomed ON directory.tenants (purge_after) WHERE purge_after IS NOT NULL;

-- Of an invitation's secret there is a digest alone. What an operator writes has no inviter.
CREATE TABLE directory.invitations (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant_id  uuid NOT NULL REFERENCES directory.tenants ON DELETE CASCADE,
    email      text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    role       text NOT NULL
               CHECK (role IN ('owner', 'admin', 'editor', 'viewer', 'client-reviewer')),
    digest     bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    invited_by uuid REFERENCES directory.users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX invitations_address ON directory.invitations (tenant_id, lower(email));
CREATE INDEX invitations_inviter ON directory.invitations (invited_by);
CREATE INDEX invitations_expiry ON directory.invitations (expires_at);

-- One at a time for each tenant.
CREATE TABLE directory.ownership_offers (
    tenant_id  uuid PRIMARY KEY REFERENCES directory.tenants ON DELETE CASCADE,
    from_id    uuid NOT NULL REFERENCES directory.users ON DELETE CASCADE,
    to_id      uuid NOT NULL REFERENCES directory.users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    CHECK (from_id <> to_id)
);
CREATE INDEX ownership_offers_from ON directory.ownership_offers (from_id);
CREATE INDEX ownership_offers_to ON directory.ownership_offers (to_id);

-- What a purge removed. It names neither the tenant nor anybody: who has the receipt finds it here
-- by its digest.
CREATE TABLE directory.purge_receipts (
    digest      bytea PRIMARY KEY CHECK (length(digest) = 32),
    finished_at timestamptz NOT NULL,
    files       bigint NOT NULL,
    keys        bigint NOT NULL,
    rows        jsonb NOT NULL
);

DO $do$
DECLARE
    it text;
BEGIN
    FOREACH it IN ARRAY ARRAY['organisations', 'organisation_members', 'invitations',
                              'ownership_offers', 'purge_receipts'] LOOP
        EXECUTE format('ALTER TABLE directory.%I ENABLE ROW LEVEL SECURITY', it);
        EXECUTE format('ALTER TABLE directory.%I FORCE ROW LEVEL SECURITY', it);
        EXECUTE format('CREATE POLICY migrator ON directory.%I TO @migrator@'
                       ' USING (true) WITH CHECK (true)', it);
        EXECUTE format('CREATE POLICY identity ON directory.%I TO @identity@'
                       ' USING (true) WITH CHECK (true)', it);
    END LOOP;
END $do$;

GRANT SELECT, DELETE, INSERT (name), UPDATE (name, version) ON directory.organisations TO @identity@;
GRANT SELECT, DELETE, INSERT (organisation_id, user_id, role), UPDATE (role)
      ON directory.organisation_members TO @identity@;
GRANT SELECT, DELETE, INSERT (tenant_id, email, role, digest, invited_by, expires_at),
      UPDATE (role, digest, invited_by, expires_at) ON directory.invitations TO @identity@;
GRANT SELECT, DELETE, INSERT (tenant_id, from_id, to_id, expires_at)
      ON directory.ownership_offers TO @identity@;
-- A tenant is closed and opened by people, made and removed by the owner alone.
GRANT UPDATE (state, version, organisation_id, purge_after, settled)
      ON directory.tenants TO @identity@;
