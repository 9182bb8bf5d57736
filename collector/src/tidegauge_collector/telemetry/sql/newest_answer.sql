-- Which is the newest window before an instant in which some series answered a row? A day says so only where nothing finer is kept.
WITH found AS (
    SELECT 1 AS level, window_start_us, window_length_s, maximum FROM cells JOIN wanted USING (series_id)
    WHERE window_start_us < $before_us
    UNION ALL
    SELECT 1 AS level, window_start_us, window_length_s, maximum FROM settled_cells JOIN wanted USING (series_id)
    WHERE window_start_us < $before_us
    UNION ALL
    SELECT 2 AS level, window_start_us, window_length_s, maximum FROM day_cells JOIN wanted USING (series_id)
    WHERE window_start_us < $before_us
)
SELECT window_start_us, window_length_s
FROM found
WHERE maximum > 0
ORDER BY level, window_start_us DESC, window_length_s
LIMIT 1;
