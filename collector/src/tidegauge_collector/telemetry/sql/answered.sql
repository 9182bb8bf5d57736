-- What was answered in a range of event time, in which set of segments, and what was true where that is known?
-- Of several predictions of a version with one id the latest event time counts, the last received among equals; of several actuals the
-- greatest (actual time, epoch, seq, row).
WITH latest AS (
    SELECT id_high, id_low, event_us, score, label, segment_set, batch
    FROM predictions
    WHERE deployment_id = $deployment_id AND ($version_id = 0 OR version_id = $version_id) AND event_us >= $start_us
        AND received_us < $known_us
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY version_id, id_high, id_low
        ORDER BY event_us DESC, received_us DESC, epoch_id DESC, seq DESC, row_number DESC
    ) = 1
),
truths AS (
    SELECT id_high, id_low, value, label
    FROM actuals
    WHERE deployment_id = $deployment_id AND received_us < $known_us
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY id_high, id_low ORDER BY actual_us DESC, epoch DESC, seq DESC, row_number DESC
    ) = 1
)
SELECT event_us, score, COALESCE(answered.code, -1) AS label, segment_set, t.value AS actual_value,
    COALESCE(true_labels.code, -1) AS actual_label
FROM latest AS p
LEFT JOIN truths AS t ON t.id_high = p.id_high AND t.id_low = p.id_low
LEFT JOIN labels AS answered ON answered.name = p.label
LEFT JOIN labels AS true_labels ON true_labels.name = t.label
WHERE event_us < $end_us AND ($any_batch OR batch = $batch);
