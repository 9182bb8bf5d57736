-- Remove actuals that are older than retention keeps, but not those whose prediction is still there.
DELETE FROM actuals
WHERE rowid IN (
    SELECT actuals.rowid
    FROM actuals ANTI JOIN predictions
        ON actuals.deployment_id = predictions.deployment_id AND actuals.id_high = predictions.id_high
            AND actuals.id_low = predictions.id_low
    WHERE actual_us < $before_us AND GREATEST(actual_us, actuals.received_us) < $before_us
    LIMIT $most
);
