-- How many predictions do the profiles of each deployment's newest 24 hours count? Every column of a version counts the same rows.
WITH asked AS (
    SELECT series_id, deployment, version, column_name, last_start_us
    FROM series JOIN lasts USING (deployment)
    WHERE segment = '' AND time_basis = 1 AND column_name <> '_actual'
),
found AS (
    SELECT deployment, version, column_name, rows
    FROM cells JOIN asked USING (series_id)
    WHERE window_start_us > $least_us AND window_start_us > last_start_us - 86400000000
    UNION ALL
    SELECT deployment, version, column_name, rows
    FROM settled_cells JOIN asked USING (series_id)
    WHERE window_start_us > $least_us AND window_start_us > last_start_us - 86400000000
)
SELECT deployment, CAST(SUM(rows) AS BIGINT)
FROM (
    SELECT deployment, version, MAX(rows) AS rows
    FROM (SELECT deployment, version, column_name, SUM(rows) AS rows FROM found GROUP BY deployment, version, column_name)
    GROUP BY deployment, version
)
GROUP BY deployment;
