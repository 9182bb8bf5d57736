-- What happened in a deployment, the newest first?
SELECT name, text, at_us, version, attributes, received_us
FROM events
WHERE deployment_id = ? AND at_us >= ? AND at_us < ?
ORDER BY at_us DESC, received_us DESC, name
LIMIT ?;
