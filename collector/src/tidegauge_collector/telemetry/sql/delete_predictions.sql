-- Remove the predictions of a deployment, version, range or id.
DELETE FROM predictions
WHERE deployment_id = $deployment_id AND ($version_id = 0 OR version_id = $version_id)
    AND event_us >= $start_us AND event_us < $end_us
    AND (NOT $by_id OR (id_high = $id_high AND id_low = $id_low));
