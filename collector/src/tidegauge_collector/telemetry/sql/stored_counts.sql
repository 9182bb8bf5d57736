-- How many predictions and actuals of a deployment are stored, and of how many ids?
SELECT
    (SELECT COUNT(*) FROM predictions WHERE deployment_id = $deployment_id),
    (SELECT COUNT(*) FROM (SELECT DISTINCT id_high, id_low FROM predictions WHERE deployment_id = $deployment_id)),
    (SELECT COUNT(*) FROM actuals WHERE deployment_id = $deployment_id),
    (SELECT COUNT(*) FROM (SELECT DISTINCT id_high, id_low FROM actuals WHERE deployment_id = $deployment_id));
