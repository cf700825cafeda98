-- Links that nobody followed and sessions that have ended are forgotten, where the directory is.
INSERT INTO cell.periodic (name, every)
SELECT 'collect_people', '10 minutes' WHERE to_regnamespace('directory') IS NOT NULL;
