-- What do bins add up to in the longer windows that theirs lie in?
SELECT series_id, to_start_us AS window_start_us, to_length_s AS window_length_s, bin, CAST(SUM(count) AS BIGINT) AS count
FROM new_bins JOIN rolls USING (window_start_us)
GROUP BY series_id, to_start_us, to_length_s, bin;
