-- Which (series, window) that begin before a time are not settled yet?
SELECT DISTINCT series_id, window_start_us, window_length_s
FROM cells
WHERE window_start_us < ?
ORDER BY window_start_us, series_id;
