-- How many rows fell in each bin (or log-linear bucket) of each place and window?
WITH slots AS MATERIALIZED (
    SELECT window_start_us, slot
    FROM (
        SELECT DISTINCT window_start_us
        FROM cells JOIN wanted USING (series_id)
        WHERE window_start_us >= ? AND window_start_us < ?
    )
    JOIN windows ON window_start_us >= start_us AND window_start_us < end_us
)
SELECT place, slot, bin, CAST(SUM(count) AS BIGINT) AS count
FROM bins JOIN wanted USING (series_id) JOIN slots USING (window_start_us)
GROUP BY place, slot, bin;
