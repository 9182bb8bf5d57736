-- Remove the actuals of an id, or of a whole deployment.
DELETE FROM actuals
WHERE deployment_id = $deployment_id AND (NOT $by_id OR (id_high = $id_high AND id_low = $id_low));
