-- Append the cells of settled windows or days, of one series together.
INSERT INTO {level}cells
SELECT series_id, window_start_us, window_length_s, rows, missing, non_finite, invalid, overflow,
    COALESCE(total, CAST('inf' AS DOUBLE)), COALESCE(total_squares, CAST('inf' AS DOUBLE)), minimum, maximum, received_us
FROM new_cells
ORDER BY series_id, window_start_us;
