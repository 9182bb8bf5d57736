-- Which days of some series reach over the start or the end of a range?
SELECT DISTINCT window_start_us, window_length_s
FROM day_cells SEMI JOIN gone USING (series_id)
WHERE window_start_us < $end_us AND window_start_us + window_length_s * 1000000::BIGINT > $start_us
    AND (window_start_us < $start_us OR window_start_us + window_length_s * 1000000::BIGINT > $end_us);
