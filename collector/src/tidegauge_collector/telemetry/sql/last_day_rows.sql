-- How many predictions do the profiles of the newest 24 hours count? Every column of a version counts the same rows.
WITH found AS (
    SELECT version, column_name, rows
    FROM cells JOIN series USING (series_id)
    WHERE deployment = $deployment AND segment = '' AND time_basis = 1 AND column_name <> '_actual'
        AND window_start_us > $last_start_us - 86400000000
    UNION ALL
    SELECT version, column_name, rows
    FROM settled_cells JOIN series USING (series_id)
    WHERE deployment = $deployment AND segment = '' AND time_basis = 1 AND column_name <> '_actual'
        AND window_start_us > $last_start_us - 86400000000
)
SELECT COALESCE(CAST(SUM(rows) AS BIGINT), 0)
FROM (
    SELECT version, MAX(rows) AS rows
    FROM (SELECT version, column_name, SUM(rows) AS rows FROM found GROUP BY version, column_name)
    GROUP BY version
);
