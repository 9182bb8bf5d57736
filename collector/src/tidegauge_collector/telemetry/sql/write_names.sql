-- Append the merged names of a fold.
INSERT INTO {level}names SELECT series_id, window_start_us, window_length_s, name, count FROM new_names;
