-- Append the merged cells of a fold.
INSERT INTO cells
SELECT series_id, window_start_us, window_length_s, rows, missing, non_finite, invalid, overflow, total, total_squares, minimum,
    maximum, 0, NULL, received_us
FROM new_cells;
