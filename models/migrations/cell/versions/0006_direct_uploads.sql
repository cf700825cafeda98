-- Uploads whose bytes never come by us: the store takes them over a session.
ALTER TABLE cell.uploads
    ADD COLUMN direct boolean NOT NULL DEFAULT false,
    ADD COLUMN session text,
    ADD CONSTRAINT uploads_session_of_direct CHECK (session IS NULL OR direct);
COMMENT ON COLUMN cell.uploads.session IS 'A secret: whoever knows it may send the bytes.';

GRANT INSERT (direct), UPDATE (session) ON cell.uploads TO @tenant_base@;
