-- Remove the actuals of predictions that are about to go, where no other prediction of their id stays.
DELETE FROM actuals
WHERE deployment_id = $deployment_id
    AND (id_high, id_low) IN (
        SELECT id_high, id_low
        FROM predictions
        WHERE deployment_id = $deployment_id
        GROUP BY id_high, id_low
        HAVING BOOL_AND(($version_id = 0 OR version_id = $version_id) AND event_us >= $start_us AND event_us < $end_us)
    );
