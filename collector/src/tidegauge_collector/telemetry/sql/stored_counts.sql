-- How many predictions and actuals of a deployment are stored, and of how many ids among those whose high half is below a bound?
SELECT rows, ids, ids_of_rows, actuals, actual_ids, actual_ids_of_rows
FROM (SELECT COUNT(*) AS rows FROM predictions WHERE deployment_id = $deployment_id)
CROSS JOIN (
    SELECT COUNT(*) AS ids, COALESCE(CAST(SUM(n) AS BIGINT), 0) AS ids_of_rows
    FROM (
        SELECT COUNT(*) AS n FROM predictions WHERE deployment_id = $deployment_id AND id_high <= $prediction_bound
        GROUP BY id_high, id_low
    )
)
CROSS JOIN (SELECT COUNT(*) AS actuals FROM actuals WHERE deployment_id = $deployment_id)
CROSS JOIN (
    SELECT COUNT(*) AS actual_ids, COALESCE(CAST(SUM(n) AS BIGINT), 0) AS actual_ids_of_rows
    FROM (
        SELECT COUNT(*) AS n FROM actuals WHERE deployment_id = $deployment_id AND id_high <= $actual_bound GROUP BY id_high, id_low
    )
);
