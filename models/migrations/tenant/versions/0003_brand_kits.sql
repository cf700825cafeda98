-- The tenant branch: runs once in every tenant's schema, which is first on the search path.

-- How a brand speaks and looks; one that says nothing of it has no row. Assets that a kit names may
-- have been removed since: no reference holds them.
CREATE TABLE brand_kits (
    brand_id   uuid PRIMARY KEY REFERENCES brands ON DELETE CASCADE,
    kit        jsonb NOT NULL CHECK (jsonb_typeof(kit) = 'object'),
    -- Counts the changes that people make; what a client changes, it changes at a version.
    version    integer NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
