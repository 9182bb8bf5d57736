-- How many predictions of a deployment were made in a range?
SELECT COUNT(*) FROM predictions
WHERE deployment_id = $deployment_id AND event_us >= $first_us AND event_us < $end_us;
