-- What do the cells of each place and window add up to?
WITH slots AS MATERIALIZED (
    SELECT window_start_us, slot
    FROM (
        SELECT DISTINCT window_start_us
        FROM cells JOIN wanted USING (series_id)
        WHERE window_start_us >= ? AND window_start_us < ?
    )
    JOIN windows ON window_start_us >= start_us AND window_start_us < end_us
)
SELECT place, slot, CAST(SUM(rows) AS BIGINT) AS rows, CAST(SUM(missing) AS BIGINT) AS missing,
    CAST(SUM(non_finite) AS BIGINT) AS non_finite, CAST(SUM(invalid) AS BIGINT) AS invalid,
    CAST(SUM(overflow) AS BIGINT) AS overflow, FSUM(total) AS total, FSUM(total_squares) AS total_squares,
    MIN(minimum) AS minimum, MAX(maximum) AS maximum
FROM cells JOIN wanted USING (series_id) JOIN slots USING (window_start_us)
GROUP BY place, slot;
