-- Append one row a cell, its sketch included.
INSERT INTO cells
SELECT series_id, window_start_us, window_length_s, rows, missing, non_finite, invalid, overflow, COALESCE(total, CAST('inf' AS DOUBLE)),
    COALESCE(total_squares, CAST('inf' AS DOUBLE)), minimum,
    maximum, COALESCE(sketch_count, 0), UNHEX(sketch_hex), new_cells.received_us
FROM new_cells LEFT JOIN new_sketches USING (series_id, window_start_us, window_length_s);
