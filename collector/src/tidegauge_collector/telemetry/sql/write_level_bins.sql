-- Append the bins of settled windows or days, of one series together.
INSERT INTO {level}bins
SELECT series_id, window_start_us, window_length_s, bin, count FROM new_bins ORDER BY series_id, window_start_us, bin;
