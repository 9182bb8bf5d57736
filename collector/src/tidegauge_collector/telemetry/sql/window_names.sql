-- How many rows had each name in each place and window?
WITH found AS (
    SELECT place, slot, name, count
    FROM names JOIN wanted USING (series_id) JOIN fresh_slots USING (window_start_us)
    WHERE window_start_us >= $fresh_first_us AND window_start_us <= $fresh_last_us
    UNION ALL
    SELECT place, slot, name, count
    FROM settled_names JOIN wanted USING (series_id) JOIN settled_slots USING (window_start_us)
    WHERE window_start_us >= $settled_first_us AND window_start_us <= $settled_last_us
    UNION ALL
    SELECT place, slot, name, count
    FROM day_names JOIN wanted USING (series_id) JOIN day_slots USING (window_start_us)
    WHERE window_start_us >= $day_first_us AND window_start_us <= $day_last_us
)
SELECT place, slot, name, CAST(SUM(count) AS BIGINT) AS count
FROM found
GROUP BY place, slot, name
ORDER BY place, slot, count DESC, name;
