-- How many rows had each name in each place and window?
WITH slots AS MATERIALIZED (
    SELECT window_start_us, slot
    FROM (
        SELECT DISTINCT window_start_us
        FROM cells JOIN wanted USING (series_id)
        WHERE window_start_us >= ? AND window_start_us < ?
    )
    JOIN windows ON window_start_us >= start_us AND window_start_us < end_us
)
SELECT place, slot, name, CAST(SUM(count) AS BIGINT) AS count
FROM names JOIN wanted USING (series_id) JOIN slots USING (window_start_us)
GROUP BY place, slot, name
ORDER BY place, slot, count DESC, name;
