-- What do the cells of each place and window add up to?
-- The slots of a level say which of its windows lie in which asked one; a row is asked for at one level only.
WITH found AS (
    SELECT place, slot, rows, missing, non_finite, invalid, overflow, total, total_squares, minimum, maximum
    FROM cells JOIN wanted USING (series_id) JOIN fresh_slots USING (window_start_us)
    WHERE window_start_us >= $fresh_first_us AND window_start_us <= $fresh_last_us
    UNION ALL
    SELECT place, slot, rows, missing, non_finite, invalid, overflow, total, total_squares, minimum, maximum
    FROM settled_cells JOIN wanted USING (series_id) JOIN settled_slots USING (window_start_us)
    WHERE window_start_us >= $settled_first_us AND window_start_us <= $settled_last_us
    UNION ALL
    SELECT place, slot, rows, missing, non_finite, invalid, overflow, total, total_squares, minimum, maximum
    FROM day_cells JOIN wanted USING (series_id) JOIN day_slots USING (window_start_us)
    WHERE window_start_us >= $day_first_us AND window_start_us <= $day_last_us
)
SELECT place, slot, CAST(SUM(rows) AS BIGINT) AS rows, CAST(SUM(missing) AS BIGINT) AS missing,
    CAST(SUM(non_finite) AS BIGINT) AS non_finite, CAST(SUM(invalid) AS BIGINT) AS invalid,
    CAST(SUM(overflow) AS BIGINT) AS overflow, FSUM(total) AS total, FSUM(total_squares) AS total_squares,
    MIN(minimum) AS minimum, MAX(maximum) AS maximum
FROM found
GROUP BY place, slot;
