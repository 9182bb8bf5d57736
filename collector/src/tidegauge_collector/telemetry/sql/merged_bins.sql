-- What do the bins of the crowded cells add up to?
SELECT series_id, window_start_us, window_length_s, bin, CAST(SUM(count) AS BIGINT) AS count
FROM {level}bins SEMI JOIN crowded USING (series_id, window_start_us, window_length_s)
WHERE window_start_us >= $first_us AND window_start_us <= $last_us
GROUP BY series_id, window_start_us, window_length_s, bin;
