-- The default is asked for once for all rows that are there, since it is stable: none is rewritten.
-- From then on it is the brand of assets for which none is named, those of the release before too.
ALTER TABLE assets ADD COLUMN brand_id uuid NOT NULL DEFAULT default_brand();
-- It holds from now on. What is there was given a brand just now: nobody waits while it is read.
ALTER TABLE assets
    ADD CONSTRAINT assets_brand_id_fkey FOREIGN KEY (brand_id) REFERENCES brands NOT VALID;
-- A brand's assets, the newest first; and whether it has any.
CREATE INDEX assets_brand ON assets (brand_id, created_at, id);
