-- Append the names of settled windows or days, of one series together.
INSERT INTO {level}names
SELECT series_id, window_start_us, window_length_s, name, count FROM new_names ORDER BY series_id, window_start_us, name;
