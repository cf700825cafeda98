-- The tenant branch: runs once in every tenant's schema, which is first on the search path.
-- People are in the directory, which may be another database: they are ids here, and may be gone.

CREATE TABLE reviews (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    asset_id   uuid NOT NULL REFERENCES assets ON DELETE CASCADE,
    title      text NOT NULL CHECK (length(title) BETWEEN 1 AND 255),
    message    text NOT NULL DEFAULT '' CHECK (length(message) <= 5000),
    -- None where a key has sent it.
    sent_by    uuid,
    state      text NOT NULL DEFAULT 'open'
               CHECK (state IN ('open', 'approved', 'changes_requested', 'withdrawn')),
    -- Counts how often it was opened; each round ends with at most one decision.
    round      integer NOT NULL DEFAULT 1,
    due_at     timestamptz,
    decided_by uuid,
    decided_at timestamptz,
    -- Counts what people change of it; what a client changes, it changes at a version.
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (state <> 'open' OR decided_at IS NULL),
    CHECK (state NOT IN ('approved', 'changes_requested') OR decided_at IS NOT NULL)
);
CREATE INDEX reviews_asset ON reviews (asset_id, id);

-- Whom it was sent to. Addresses of media are signed for the id, and end with the row.
CREATE TABLE review_reviewers (
    id        uuid PRIMARY KEY DEFAULT uuidv7(),
    review_id uuid NOT NULL REFERENCES reviews ON DELETE CASCADE,
    user_id   uuid NOT NULL,
    UNIQUE (review_id, user_id)
);
CREATE INDEX review_reviewers_user ON review_reviewers (user_id, review_id);

-- What was said, decisions among it: nothing of it changes but that it is settled.
CREATE TABLE review_comments (
    id          uuid PRIMARY KEY DEFAULT uuidv7(),
    review_id   uuid NOT NULL REFERENCES reviews ON DELETE CASCADE,
    round       integer NOT NULL,
    -- None where a key has said it.
    author_id   uuid,
    text        text NOT NULL CHECK (length(text) <= 5000),
    -- Where in the media; milliseconds.
    at_ms       integer CHECK (at_ms >= 0),
    decision    text CHECK (decision IN ('approved', 'changes_requested')),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_at timestamptz,
    CHECK (decision IS NOT NULL OR text <> '')
);
CREATE INDEX review_comments_review ON review_comments (review_id, id);
CREATE UNIQUE INDEX review_comments_decision ON review_comments (review_id, round)
    WHERE decision IS NOT NULL;
