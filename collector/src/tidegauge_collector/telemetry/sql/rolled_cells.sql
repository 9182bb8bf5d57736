-- What do cells add up to in the longer windows that theirs lie in?
SELECT series_id, to_start_us AS window_start_us, to_length_s AS window_length_s, CAST(SUM(rows) AS BIGINT) AS rows,
    CAST(SUM(missing) AS BIGINT) AS missing, CAST(SUM(non_finite) AS BIGINT) AS non_finite,
    CAST(SUM(invalid) AS BIGINT) AS invalid, CAST(SUM(overflow) AS BIGINT) AS overflow, FSUM(COALESCE(total, CAST('inf' AS DOUBLE))) AS total,
    FSUM(COALESCE(total_squares, CAST('inf' AS DOUBLE))) AS total_squares, MIN(minimum) AS minimum, MAX(maximum) AS maximum,
    MAX(received_us) AS received_us
FROM new_cells JOIN rolls USING (window_start_us)
GROUP BY series_id, to_start_us, to_length_s;
