-- Remove the watermarks that a later one of the epoch and deployment has replaced.
DELETE FROM watermarks
WHERE (epoch, deployment_id, event_time_us) NOT IN (
    SELECT epoch, deployment_id, MAX(event_time_us) FROM watermarks GROUP BY epoch, deployment_id
);
