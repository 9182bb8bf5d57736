-- Append the second moments of a fold.
INSERT INTO {level}second_moments
SELECT series_id, window_start_us, window_length_s, rows, state, received_us FROM new_second_moments;
