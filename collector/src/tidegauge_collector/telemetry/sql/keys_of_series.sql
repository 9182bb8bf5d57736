-- Which windows of some series begin in a range?
SELECT series_id, window_start_us, window_length_s
FROM {level}cells SEMI JOIN gone USING (series_id)
WHERE window_start_us >= $start_us AND window_start_us < $end_us;
