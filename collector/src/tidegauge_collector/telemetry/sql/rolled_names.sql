-- What do names add up to in the longer windows that theirs lie in?
SELECT series_id, to_start_us AS window_start_us, to_length_s AS window_length_s, name, CAST(SUM(count) AS BIGINT) AS count
FROM new_names JOIN rolls USING (window_start_us)
GROUP BY series_id, to_start_us, to_length_s, name;
