-- When was the first truth of a deployment known?
SELECT MIN(actual_us) FROM actuals WHERE deployment_id = $deployment_id;
