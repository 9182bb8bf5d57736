-- How many records of a deployment lie in its newest 24 hours?
SELECT COUNT(*) FROM predictions WHERE deployment_id = ? AND event_us > ? - 86400000000;
