-- Remove the judgements of a deployment's version on windows that lie in a range.
DELETE FROM judgements
WHERE deployment_id = $deployment_id AND ($version IS NULL OR version = $version)
    AND window_start_us >= $start_us AND window_end_us <= $end_us;
