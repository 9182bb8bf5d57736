-- Before which event time is every row of an epoch and deployment there?
SELECT epoch, deployment_id, MAX(event_time_us) FROM watermarks GROUP BY epoch, deployment_id;
