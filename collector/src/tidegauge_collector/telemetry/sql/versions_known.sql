-- Which number has each version name?
SELECT version_id, version FROM versions_known;
