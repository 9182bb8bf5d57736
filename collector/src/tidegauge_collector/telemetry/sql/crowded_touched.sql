-- Which (series, window) that have ended have several rows, among the windows that were folded into since the last pass?
SELECT series_id, window_start_us, window_length_s
FROM cells SEMI JOIN touched USING (window_start_us)
WHERE window_start_us >= $first_us AND window_start_us <= $last_us
    AND window_start_us + window_length_s * 1000000::BIGINT <= $before_us
GROUP BY series_id, window_start_us, window_length_s
HAVING COUNT(*) > 1
ORDER BY window_start_us, series_id;
