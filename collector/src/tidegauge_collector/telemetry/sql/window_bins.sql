-- How many rows fell in each bin (or log-linear bucket) of each place and window?
WITH found AS (
    SELECT place, slot, bin, count
    FROM bins JOIN wanted USING (series_id) JOIN fresh_slots USING (window_start_us)
    WHERE window_start_us >= $fresh_first_us AND window_start_us <= $fresh_last_us
    UNION ALL
    SELECT place, slot, bin, count
    FROM settled_bins JOIN wanted USING (series_id) JOIN settled_slots USING (window_start_us)
    WHERE window_start_us >= $settled_first_us AND window_start_us <= $settled_last_us
    UNION ALL
    SELECT place, slot, bin, count
    FROM day_bins JOIN wanted USING (series_id) JOIN day_slots USING (window_start_us)
    WHERE window_start_us >= $day_first_us AND window_start_us <= $day_last_us
)
SELECT place, slot, bin, CAST(SUM(count) AS BIGINT) AS count
FROM found
GROUP BY place, slot, bin;
