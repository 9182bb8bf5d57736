-- How many single predictions of a deployment lie in a range of event time?
SELECT COUNT(*) FROM predictions WHERE deployment_id = $deployment_id AND event_us >= $start_us AND event_us < $end_us;
