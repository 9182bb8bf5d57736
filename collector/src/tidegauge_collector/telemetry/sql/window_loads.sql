-- What came in each window of some series in a stretch of time, as fine as it is still kept?
WITH found AS (
    SELECT place, window_start_us, window_length_s, rows, missing, non_finite, invalid, total
    FROM cells JOIN wanted USING (series_id)
    WHERE window_start_us >= $from_us AND window_start_us < $until_us
    UNION ALL
    SELECT place, window_start_us, window_length_s, rows, missing, non_finite, invalid, total
    FROM settled_cells JOIN wanted USING (series_id)
    WHERE window_start_us >= $from_us AND window_start_us < $until_us
)
SELECT place, window_start_us, window_length_s, CAST(SUM(rows) AS BIGINT) AS rows,
    CAST(SUM(rows - missing - non_finite - invalid) AS BIGINT) AS usable, FSUM(total) AS total
FROM found
GROUP BY place, window_start_us, window_length_s
ORDER BY window_start_us;
