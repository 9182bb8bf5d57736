-- Which (series, window) that begin before a time does a level hold?
SELECT series_id, window_start_us, window_length_s
FROM {level}cells
WHERE window_start_us < ?
ORDER BY window_start_us, series_id;
