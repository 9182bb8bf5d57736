-- Append the merged bins of a fold.
INSERT INTO {level}bins SELECT series_id, window_start_us, window_length_s, bin, count FROM new_bins;
