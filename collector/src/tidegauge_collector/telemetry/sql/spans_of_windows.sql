-- From when to when are there profiles of each deployment, on each time basis? Days only tell where finer windows have expired.
WITH found AS (
    SELECT series_id, MIN(window_start_us) AS first_us,
        ARG_MIN(window_start_us + window_length_s * 1000000::BIGINT, window_start_us) AS first_end_us,
        MAX(window_start_us) AS last_us, MAX(window_start_us + window_length_s * 1000000::BIGINT) AS last_end_us, 0 AS coarse
    FROM cells GROUP BY series_id
    UNION ALL
    SELECT series_id, MIN(window_start_us),
        ARG_MIN(window_start_us + window_length_s * 1000000::BIGINT, window_start_us), MAX(window_start_us),
        MAX(window_start_us + window_length_s * 1000000::BIGINT), 0
    FROM settled_cells GROUP BY series_id
    UNION ALL
    SELECT series_id, MIN(window_start_us),
        ARG_MIN(window_start_us + window_length_s * 1000000::BIGINT, window_start_us), MAX(window_start_us),
        MAX(window_start_us + window_length_s * 1000000::BIGINT), 1
    FROM day_cells GROUP BY series_id
),
of_deployments AS (
    SELECT deployment, time_basis, coarse, MIN(first_us) AS first_us, ARG_MIN(first_end_us, first_us) AS first_end_us,
        MAX(last_us) AS last_us, MAX(last_end_us) AS last_end_us
    FROM found JOIN series USING (series_id)
    GROUP BY deployment, time_basis, coarse
),
spans AS (
    SELECT COALESCE(fine.deployment, days.deployment) AS deployment, COALESCE(fine.time_basis, days.time_basis) AS time_basis,
        fine.first_us IS NULL OR fine.first_us >= days.first_end_us AS days_first, fine.last_us IS NULL OR fine.last_us < days.last_us AS days_last,
        fine.first_us AS fine_first, fine.first_end_us AS fine_first_end, fine.last_us AS fine_last, fine.last_end_us AS fine_last_end,
        days.first_us AS day_first, days.first_end_us AS day_first_end, days.last_us AS day_last, days.last_end_us AS day_last_end
    FROM (SELECT * FROM of_deployments WHERE coarse = 0) AS fine
    FULL JOIN (SELECT * FROM of_deployments WHERE coarse = 1) AS days
        ON fine.deployment = days.deployment AND fine.time_basis = days.time_basis
)
SELECT deployment, time_basis, CASE WHEN days_first THEN day_first ELSE fine_first END,
    CASE WHEN days_first THEN day_first_end ELSE fine_first_end END, CASE WHEN days_last THEN day_last ELSE fine_last END,
    CASE WHEN days_last THEN day_last_end ELSE fine_last_end END
FROM spans;
