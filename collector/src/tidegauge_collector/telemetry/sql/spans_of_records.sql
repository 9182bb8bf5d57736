-- From when to when are there records of each deployment?
SELECT deployment, first_event_us, last_event_us, first_arrival_us, last_arrival_us
FROM (
    SELECT deployment_id, MIN(event_us) AS first_event_us, MAX(event_us) AS last_event_us, MIN(arrival_us) AS first_arrival_us,
        MAX(arrival_us) AS last_arrival_us
    FROM predictions GROUP BY deployment_id
)
JOIN deployments_known USING (deployment_id);
