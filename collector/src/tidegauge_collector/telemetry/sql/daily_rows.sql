-- How many predictions do the profiles of each deployment's newest seven times 24 hours count, a day, and those of the local days before, in
-- two sums? One column of each version stands for all: they count the same rows. `ago` counts whole days back from the end; -30 stands for
-- the days that began at most 30 days before it, -90 for those before these; windows that are not in their day yet count by their own
-- start. What was folded beyond the end meanwhile is left out.
WITH of_versions AS (
    SELECT series_id, deployment, version, column_name, end_us
    FROM series JOIN lasts USING (deployment)
    WHERE segment = '' AND time_basis = 1
        AND (column_name LIKE '\_prediction%' ESCAPE '\' OR NOT column_name LIKE '\_%' ESCAPE '\')
),
chosen AS (
    SELECT deployment, version, COALESCE(MIN(column_name) FILTER (column_name LIKE '\_prediction%' ESCAPE '\'), MIN(column_name)) AS column_name
    FROM of_versions GROUP BY deployment, version
),
asked AS MATERIALIZED (SELECT series_id, deployment, end_us FROM of_versions JOIN chosen USING (deployment, version, column_name)),
found AS (
    SELECT deployment, end_us, window_start_us, rows FROM cells JOIN asked USING (series_id) WHERE window_start_us >= $least_us
    UNION ALL
    SELECT deployment, end_us, window_start_us, rows FROM settled_cells JOIN asked USING (series_id) WHERE window_start_us >= $least_us
),
days AS (
    SELECT deployment, end_us, window_start_us, rows FROM cells JOIN asked USING (series_id) WHERE window_start_us >= $least_day_us
    UNION ALL
    SELECT deployment, end_us, window_start_us, rows FROM day_cells JOIN asked USING (series_id) WHERE window_start_us >= $least_day_us
)
SELECT deployment, CAST((end_us - 1 - window_start_us) // 86400000000 AS INTEGER) AS ago, CAST(SUM(rows) AS BIGINT)
FROM found
WHERE window_start_us >= end_us - 604800000000 AND window_start_us < end_us
GROUP BY deployment, ago
UNION ALL
SELECT deployment, CASE WHEN window_start_us >= end_us - 2592000000000 THEN -30 ELSE -90 END AS ago, CAST(SUM(rows) AS BIGINT)
FROM days
WHERE window_start_us >= end_us - 7776000000000 AND window_start_us < end_us
GROUP BY deployment, ago;
