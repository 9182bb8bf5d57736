-- When do the windows of some series begin, at each level?
SELECT 'fresh' AS level, window_start_us
FROM cells JOIN wanted USING (series_id)
WHERE window_start_us >= $fresh_from_us AND window_start_us < $fresh_until_us
UNION
SELECT 'settled' AS level, window_start_us
FROM settled_cells JOIN wanted USING (series_id)
WHERE window_start_us >= $settled_from_us AND window_start_us < $settled_until_us
UNION
SELECT 'day' AS level, window_start_us
FROM day_cells JOIN wanted USING (series_id)
WHERE window_start_us >= $day_from_us AND window_start_us < $day_until_us
ORDER BY level, window_start_us;
