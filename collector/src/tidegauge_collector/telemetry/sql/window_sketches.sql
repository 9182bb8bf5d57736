-- Which sketches are there of each place and window?
WITH found AS (
    SELECT place, slot, window_start_us, sketch_count, sketch
    FROM cells JOIN wanted USING (series_id) JOIN fresh_slots USING (window_start_us)
    WHERE window_start_us >= $fresh_first_us AND window_start_us <= $fresh_last_us AND sketch_count > 0
    UNION ALL
    SELECT place, slot, window_start_us, sketch_count, sketch
    FROM settled_sketches JOIN wanted USING (series_id) JOIN settled_slots USING (window_start_us)
    WHERE window_start_us >= $settled_first_us AND window_start_us <= $settled_last_us
    UNION ALL
    SELECT place, slot, window_start_us, sketch_count, sketch
    FROM day_sketches JOIN wanted USING (series_id) JOIN day_slots USING (window_start_us)
    WHERE window_start_us >= $day_first_us AND window_start_us <= $day_last_us
)
SELECT place, slot, sketch_count, sketch
FROM found
ORDER BY place, slot, window_start_us;
