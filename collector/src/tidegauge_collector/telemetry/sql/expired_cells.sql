-- Which windows of a level, of lengths in a range, ended and were last received before a time (of some series before another)?
SELECT series_id, window_start_us, window_length_s
FROM {level}cells LEFT JOIN kept_longer USING (series_id)
WHERE window_start_us < $before_us AND window_length_s >= $least_s AND window_length_s < $below_s
    AND GREATEST(window_start_us + window_length_s * 1000000::BIGINT, received_us) < COALESCE(kept_longer.before_us, $before_us)
ORDER BY window_start_us, series_id
LIMIT $most;
