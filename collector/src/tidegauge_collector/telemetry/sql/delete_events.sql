-- Remove the events of a deployment's version in a range.
DELETE FROM events
WHERE deployment_id = $deployment_id AND ($version IS NULL OR version = $version) AND at_us >= $start_us AND at_us < $end_us;
