-- How many rows does each table have, deleted ones that still take room included?
SELECT table_name, CAST(estimated_size AS BIGINT)
FROM duckdb_tables()
WHERE NOT internal AND NOT temporary AND database_name = current_database()
ORDER BY table_name
