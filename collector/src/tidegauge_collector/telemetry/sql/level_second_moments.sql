-- Which second moments do the crowded cells of a level have?
SELECT series_id, window_start_us, window_length_s, rows, state, received_us
FROM {level}second_moments SEMI JOIN crowded USING (series_id, window_start_us, window_length_s)
WHERE window_start_us >= $first_us AND window_start_us <= $last_us
ORDER BY series_id, window_start_us, window_length_s, received_us;
