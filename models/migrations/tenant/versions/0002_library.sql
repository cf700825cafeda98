-- The tenant branch: runs once in every tenant's schema, which is first on the search path.

ALTER TABLE assets
    ADD COLUMN tags text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 50),
    -- Counts the changes that people make; what a client changes, it changes at a version.
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN trashed_at timestamptz,
    -- Addresses that were signed for an earlier epoch have been revoked.
    ADD COLUMN media_epoch integer NOT NULL DEFAULT 0,
    -- The secret part of the stable address of what is published.
    ADD COLUMN public_id uuid UNIQUE;
-- The newest first, and the oldest of those with the same content.
CREATE INDEX assets_created ON assets (created_at, id);
CREATE INDEX assets_content ON assets (sha256, created_at, id);
DROP INDEX assets_sha256;
CREATE INDEX assets_trashed ON assets (trashed_at) WHERE trashed_at IS NOT NULL;
