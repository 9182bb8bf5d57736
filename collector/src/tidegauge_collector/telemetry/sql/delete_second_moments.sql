-- Remove the second moments that have been merged.
DELETE FROM {level}second_moments
WHERE window_start_us >= $first_us AND window_start_us <= $last_us
    AND (series_id, window_start_us, window_length_s) IN (SELECT series_id, window_start_us, window_length_s FROM crowded);
