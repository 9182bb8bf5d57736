-- From when to when are there records of a deployment?
SELECT MIN(event_us), MAX(event_us), MIN(arrival_us), MAX(arrival_us) FROM predictions WHERE deployment_id = ?;
