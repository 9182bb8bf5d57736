-- Append the sketches of settled windows or days.
INSERT INTO {level}sketches
SELECT series_id, window_start_us, window_length_s, sketch_count, UNHEX(sketch_hex), received_us FROM new_sketches;
