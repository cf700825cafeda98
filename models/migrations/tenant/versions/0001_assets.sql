-- The tenant branch: runs once in every tenant's schema, which is first on the search path.

CREATE TABLE assets (
    id          uuid PRIMARY KEY DEFAULT uuidv7(),
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 1024),
    kind        text NOT NULL CHECK (kind IN ('video', 'image', 'document')),
    mime        text NOT NULL,
    bytes       bigint NOT NULL CHECK (bytes > 0),
    sha256      text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    storage_key text NOT NULL,
    media       jsonb,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX assets_sha256 ON assets (sha256);

CREATE TABLE artifacts (
    id            uuid PRIMARY KEY DEFAULT uuidv7(),
    asset_id      uuid NOT NULL REFERENCES assets ON DELETE CASCADE,
    run_id        uuid NOT NULL,
    stage_id      uuid NOT NULL,
    stage         text NOT NULL,
    attempt       integer NOT NULL,
    kind          text NOT NULL,
    path          text NOT NULL,
    storage_key   text NOT NULL UNIQUE,
    mime          text NOT NULL,
    bytes         bigint NOT NULL CHECK (bytes >= 0),
    sha256        text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    attributes    jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    superseded_at timestamptz
);
CREATE INDEX artifacts_asset ON artifacts (asset_id, stage);
CREATE INDEX artifacts_stage ON artifacts (stage_id);
