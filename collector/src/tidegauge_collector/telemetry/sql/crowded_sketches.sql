-- Which sketches do the crowded cells have?
SELECT series_id, window_start_us, window_length_s, sketch_count, sketch, received_us
FROM cells SEMI JOIN crowded USING (series_id, window_start_us, window_length_s)
WHERE window_start_us >= $first_us AND window_start_us <= $last_us AND sketch_count > 0
ORDER BY series_id, window_start_us, window_length_s, received_us;
