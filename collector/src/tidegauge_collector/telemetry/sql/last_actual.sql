-- When did the newest actual of a deployment come in?
SELECT MAX(received_us)
FROM actuals
WHERE deployment_id = $deployment_id;
