-- Which of some (series, window) have several rows at a level?
SELECT series_id, window_start_us, window_length_s
FROM {level}cells SEMI JOIN crowded USING (series_id, window_start_us, window_length_s)
WHERE window_start_us >= $first_us AND window_start_us <= $last_us
GROUP BY series_id, window_start_us, window_length_s
HAVING COUNT(*) > 1
ORDER BY window_start_us, series_id;
