-- Which ids of a deployment (their high halves) have several actuals?
SELECT id_high FROM actuals WHERE deployment_id = ? GROUP BY id_high HAVING COUNT(*) > 1;
