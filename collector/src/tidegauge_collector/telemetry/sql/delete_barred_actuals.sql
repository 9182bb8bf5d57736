-- Remove the actuals of records that a deletion has kept out, where no other prediction of their id is stored.
DELETE FROM actuals
WHERE EXISTS (
        SELECT 1 FROM barred_ids AS b
        WHERE b.deployment_id = actuals.deployment_id AND b.id_high = actuals.id_high AND b.id_low = actuals.id_low
            AND actuals.received_us <= b.until_us
    )
    AND NOT EXISTS (
        SELECT 1 FROM predictions AS p
        WHERE p.deployment_id = actuals.deployment_id AND p.id_high = actuals.id_high AND p.id_low = actuals.id_low
    );
