-- Remove the second moments of some series whose windows begin in a range.
DELETE FROM {level}second_moments
WHERE window_start_us >= $start_us AND window_start_us < $end_us AND series_id IN (SELECT series_id FROM gone);
