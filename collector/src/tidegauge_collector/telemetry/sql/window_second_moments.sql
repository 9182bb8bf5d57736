-- Which second moments are there of each place and window?
WITH found AS (
    SELECT place, slot, window_start_us, received_us, rows, state
    FROM second_moments JOIN wanted USING (series_id) JOIN fresh_slots USING (window_start_us)
    WHERE window_start_us >= $fresh_first_us AND window_start_us <= $fresh_last_us
    UNION ALL
    SELECT place, slot, window_start_us, received_us, rows, state
    FROM settled_second_moments JOIN wanted USING (series_id) JOIN settled_slots USING (window_start_us)
    WHERE window_start_us >= $settled_first_us AND window_start_us <= $settled_last_us
    UNION ALL
    SELECT place, slot, window_start_us, received_us, rows, state
    FROM day_second_moments JOIN wanted USING (series_id) JOIN day_slots USING (window_start_us)
    WHERE window_start_us >= $day_first_us AND window_start_us <= $day_last_us
)
SELECT place, slot, rows, state
FROM found
ORDER BY place, slot, window_start_us, received_us;
