-- From when to when are there profiles of a deployment, on each time basis?
SELECT time_basis, MIN(window_start_us), ARG_MIN(window_start_us + window_length_s * 1000000::BIGINT, window_start_us),
    MAX(window_start_us), MAX(window_start_us + window_length_s * 1000000::BIGINT)
FROM cells JOIN series USING (series_id)
WHERE deployment = ?
GROUP BY time_basis;
