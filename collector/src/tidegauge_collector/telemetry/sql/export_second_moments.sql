-- Which second moments are there of some series in the windows that begin in a range, and in the days?
WITH found AS (
    SELECT 'window' AS level, * FROM second_moments SEMI JOIN wanted USING (series_id)
    WHERE window_start_us >= $start_us AND window_start_us < $end_us
    UNION ALL
    SELECT 'window', * FROM settled_second_moments SEMI JOIN wanted USING (series_id)
    WHERE window_start_us >= $start_us AND window_start_us < $end_us
    UNION ALL
    SELECT 'day', * FROM day_second_moments SEMI JOIN wanted USING (series_id)
    WHERE window_start_us >= $start_us AND window_start_us < $end_us
)
SELECT level, version, role, segment, batch, column_name, HEX(bins_id) AS bins_id, window_start_us, window_length_s, rows, state
FROM found JOIN series USING (series_id)
ORDER BY level DESC, version, segment, batch, window_start_us, received_us;
