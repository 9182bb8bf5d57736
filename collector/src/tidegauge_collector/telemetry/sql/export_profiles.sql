-- What was counted of some series in the windows that begin in a range, and in the days?
WITH windows AS (
    SELECT 'window' AS level, series_id, window_start_us, window_length_s, rows, missing, non_finite, invalid, overflow, total, total_squares,
        minimum, maximum
    FROM cells SEMI JOIN wanted USING (series_id) WHERE window_start_us >= $start_us AND window_start_us < $end_us
    UNION ALL
    SELECT 'window', series_id, window_start_us, window_length_s, rows, missing, non_finite, invalid, overflow, total, total_squares,
        minimum, maximum
    FROM settled_cells SEMI JOIN wanted USING (series_id) WHERE window_start_us >= $start_us AND window_start_us < $end_us
    UNION ALL
    SELECT 'day', series_id, window_start_us, window_length_s, rows, missing, non_finite, invalid, overflow, total, total_squares,
        minimum, maximum
    FROM day_cells SEMI JOIN wanted USING (series_id) WHERE window_start_us >= $start_us AND window_start_us < $end_us
),
counted AS (
    SELECT 'window' AS level, * FROM bins SEMI JOIN wanted USING (series_id)
    WHERE window_start_us >= $start_us AND window_start_us < $end_us
    UNION ALL
    SELECT 'window', * FROM settled_bins SEMI JOIN wanted USING (series_id)
    WHERE window_start_us >= $start_us AND window_start_us < $end_us
    UNION ALL
    SELECT 'day', * FROM day_bins SEMI JOIN wanted USING (series_id)
    WHERE window_start_us >= $start_us AND window_start_us < $end_us
),
binned AS (
    SELECT level, series_id, window_start_us, window_length_s, LIST(bin ORDER BY bin) AS bins, LIST(count ORDER BY bin) AS bin_counts
    FROM (
        SELECT level, series_id, window_start_us, window_length_s, bin, CAST(SUM(count) AS BIGINT) AS count
        FROM counted GROUP BY ALL
    )
    GROUP BY level, series_id, window_start_us, window_length_s
),
added AS (
    SELECT level, series_id, window_start_us, window_length_s, CAST(SUM(rows) AS BIGINT) AS rows,
        CAST(SUM(missing) AS BIGINT) AS missing, CAST(SUM(non_finite) AS BIGINT) AS non_finite,
        CAST(SUM(invalid) AS BIGINT) AS invalid, CAST(SUM(overflow) AS BIGINT) AS overflow, FSUM(total) AS total,
        FSUM(total_squares) AS total_squares, MIN(minimum) AS minimum, MAX(maximum) AS maximum
    FROM windows
    GROUP BY level, series_id, window_start_us, window_length_s
)
SELECT level, version, role, segment, batch, column_name, kind, HEX(bins_id) AS bins_id, time_basis, window_start_us, window_length_s, rows,
    missing, non_finite, invalid, overflow, "pivot", total, total_squares, minimum, maximum, COALESCE(bins, []) AS bins,
    COALESCE(bin_counts, []) AS bin_counts
FROM added
JOIN series USING (series_id)
LEFT JOIN binned USING (level, series_id, window_start_us, window_length_s)
ORDER BY level DESC, version, column_name, segment, batch, window_start_us;
