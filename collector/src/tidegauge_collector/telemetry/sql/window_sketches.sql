-- Which sketches are there of each place and window?
WITH slots AS MATERIALIZED (
    SELECT window_start_us, slot
    FROM (
        SELECT DISTINCT window_start_us
        FROM cells JOIN wanted USING (series_id)
        WHERE window_start_us >= ? AND window_start_us < ?
    )
    JOIN windows ON window_start_us >= start_us AND window_start_us < end_us
)
SELECT place, slot, sketch_count, sketch
FROM cells JOIN wanted USING (series_id) JOIN slots USING (window_start_us)
WHERE sketch_count > 0
ORDER BY place, slot, window_start_us;
