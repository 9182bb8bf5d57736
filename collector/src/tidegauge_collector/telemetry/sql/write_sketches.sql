-- Append sketches, each in a row that counts nothing.
INSERT INTO cells
SELECT series_id, window_start_us, window_length_s, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, sketch_count, sketch, received_us
FROM new_sketches;
