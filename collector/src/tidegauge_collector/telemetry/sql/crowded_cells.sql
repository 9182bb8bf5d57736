-- Which (series, window) that have ended have several rows?
SELECT series_id, window_start_us, window_length_s
FROM cells
WHERE window_start_us + window_length_s * 1000000::BIGINT <= ?
GROUP BY series_id, window_start_us, window_length_s
HAVING COUNT(*) > 1
ORDER BY window_start_us, series_id;
