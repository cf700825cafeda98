-- No reference: a brand that is deleted meanwhile keeps no file from coming in.
ALTER TABLE cell.uploads ADD COLUMN brand_id uuid;
ALTER TABLE cell.imports ADD COLUMN brand_id uuid;
COMMENT ON COLUMN cell.uploads.brand_id IS 'Of the tenant''s brands; null is the default one.';
COMMENT ON COLUMN cell.imports.brand_id IS 'Of the tenant''s brands; null is the default one.';
GRANT INSERT (brand_id) ON cell.uploads TO @tenant_base@;
GRANT INSERT (brand_id) ON cell.imports TO @tenant_base@;

ALTER TABLE cell.quotas ADD COLUMN brands integer CHECK (brands >= 0);
