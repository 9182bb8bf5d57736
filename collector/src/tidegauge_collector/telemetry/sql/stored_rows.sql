-- How many predictions and actuals of a deployment are stored?
SELECT (SELECT COUNT(*) FROM predictions WHERE deployment_id = $deployment_id),
    (SELECT COUNT(*) FROM actuals WHERE deployment_id = $deployment_id);
