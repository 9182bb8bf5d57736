-- Does the store answer from its file?
SELECT COUNT(*) FROM schema_steps;
