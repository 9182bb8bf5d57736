-- What was answered in a range of event time, and what was true, of the ids among `suspects` (by their high halves)?
-- Of several actuals of an id the greatest (actual time, epoch, seq, row) counts; of several predictions of a version with one id
-- the latest event time, the last received among equals.
WITH truths AS MATERIALIZED (
    SELECT id_high, id_low, value, label, actual_us, epoch, seq, row_number FROM actuals SEMI JOIN suspects USING (id_high)
    WHERE deployment_id = $deployment_id AND received_us < $known_us
),
corrected AS MATERIALIZED (SELECT id_high, id_low FROM truths GROUP BY id_high, id_low HAVING COUNT(*) > 1),
newest_truths AS (
    SELECT id_high, id_low, value, label, actual_us FROM truths ANTI JOIN corrected USING (id_high, id_low)
    UNION ALL
    SELECT id_high, id_low, value, label, actual_us
    FROM truths SEMI JOIN corrected USING (id_high, id_low)
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY id_high, id_low ORDER BY actual_us DESC, epoch DESC, seq DESC, row_number DESC
    ) = 1
),
matched AS MATERIALIZED (
    SELECT p.version_id, p.id_high, p.id_low, p.event_us, p.received_us, p.epoch_id, p.seq, p.row_number, p.score, p.label,
        p.segment_set, p.batch, p.classes_id, p.class_scores, t.value AS actual_value, t.label AS actual_label, t.actual_us
    FROM predictions AS p JOIN newest_truths AS t ON t.id_high = p.id_high AND t.id_low = p.id_low
    WHERE p.deployment_id = $deployment_id AND ($version_id = 0 OR p.version_id = $version_id) AND p.event_us >= $start_us
        AND p.received_us < $known_us
),
repeated AS MATERIALIZED (
    SELECT version_id, id_high, id_low FROM matched GROUP BY version_id, id_high, id_low HAVING COUNT(*) > 1
),
counting AS (
    SELECT * FROM matched ANTI JOIN repeated USING (version_id, id_high, id_low)
    UNION ALL
    SELECT * FROM matched SEMI JOIN repeated USING (version_id, id_high, id_low)
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY version_id, id_high, id_low
        ORDER BY event_us DESC, received_us DESC, epoch_id DESC, seq DESC, row_number DESC
    ) = 1
)
SELECT event_us, score, COALESCE(answered.code, -1) AS label, actual_value, COALESCE(true_labels.code, -1) AS actual_label,
    actual_us, CASE WHEN $with_scores THEN COALESCE(classes_id, 0) ELSE 0 END AS classes_id,
    CASE WHEN $with_scores THEN class_scores END AS class_scores
FROM counting
LEFT JOIN labels AS answered ON answered.name = counting.label
LEFT JOIN labels AS true_labels ON true_labels.name = counting.actual_label
WHERE event_us < $end_us AND ($any_batch OR batch = $batch) AND ($any_segment OR segment_set IN (SELECT segment_set FROM segment_sets_wanted));
