-- What do the crowded cells add up to?
SELECT series_id, window_start_us, window_length_s, CAST(SUM(rows) AS BIGINT) AS rows, CAST(SUM(missing) AS BIGINT) AS missing,
    CAST(SUM(non_finite) AS BIGINT) AS non_finite, CAST(SUM(invalid) AS BIGINT) AS invalid,
    CAST(SUM(overflow) AS BIGINT) AS overflow, FSUM(total) AS total, FSUM(total_squares) AS total_squares,
    MIN(minimum) AS minimum, MAX(maximum) AS maximum, MAX(received_us) AS received_us
FROM {level}cells SEMI JOIN crowded USING (series_id, window_start_us, window_length_s)
WHERE window_start_us >= $first_us AND window_start_us <= $last_us
GROUP BY series_id, window_start_us, window_length_s;
