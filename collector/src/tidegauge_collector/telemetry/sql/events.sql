-- What happened in a deployment, the newest first?
SELECT name, text, at_us, version, attributes, received_us
FROM events
WHERE deployment_id = $deployment_id AND at_us >= $start_us AND at_us < $end_us
    AND ($kind IS NULL OR name = $kind) AND ($version IS NULL OR version = $version)
ORDER BY at_us DESC, received_us DESC, name
LIMIT $most;
