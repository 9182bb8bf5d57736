-- Which stored predictions of a deployment come after a place, with what turned out to be true?
-- The order (event time, epoch, seq, row) is total and never changes; of several actuals the greatest counts.
WITH page AS (
    SELECT version_id, id_high, id_low, event_us, score, label, segment_set, epoch_id, seq, row_number
    FROM predictions
    WHERE deployment_id = $deployment_id
        AND event_us >= $event_us
        AND (event_us, epoch_id, seq, row_number) > ($event_us, $epoch_id, $seq, $row_number)
    ORDER BY event_us, epoch_id, seq, row_number
    LIMIT $limit
),
truths AS (
    SELECT id_high, id_low, value, label, actual_us
    FROM actuals SEMI JOIN page USING (id_high, id_low)
    WHERE deployment_id = $deployment_id
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY id_high, id_low ORDER BY actual_us DESC, epoch DESC, seq DESC, row_number DESC
    ) = 1
)
SELECT page.event_us, epoch_id, seq, row_number, id_high, id_low, version, score, page.label, segment_set, value AS actual_value,
    truths.label AS actual_label, actual_us
FROM page
JOIN versions_known USING (version_id)
LEFT JOIN truths USING (id_high, id_low)
ORDER BY page.event_us, epoch_id, seq, row_number;
