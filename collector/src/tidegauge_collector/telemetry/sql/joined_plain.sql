-- What was answered from a time on, and what was true? `suspects` are the ids (their high halves) with several actuals: of these the
-- greatest (actual time, epoch, seq, row) counts. A version may have answered an id twice, which id and version tell.
WITH truths AS (
    SELECT id_high, id_low, value, label, actual_us FROM actuals ANTI JOIN suspects USING (id_high)
    WHERE deployment_id = $deployment_id AND received_us < $known_us
    UNION ALL
    SELECT id_high, id_low, value, label, actual_us FROM actuals SEMI JOIN suspects USING (id_high)
    WHERE deployment_id = $deployment_id AND received_us < $known_us
    QUALIFY ROW_NUMBER() OVER (PARTITION BY id_high, id_low ORDER BY actual_us DESC, epoch DESC, seq DESC, row_number DESC) = 1
)
SELECT event_us, score, COALESCE(answered.code, -1) AS label, t.value AS actual_value, COALESCE(true_labels.code, -1) AS actual_label,
    t.actual_us, CASE WHEN $with_scores THEN COALESCE(classes_id, 0) ELSE 0 END AS classes_id,
    CASE WHEN $with_scores THEN class_scores END AS class_scores,
    p.id_high, version_id,
    ($any_batch OR batch = $batch) AND ($any_segment OR segment_set IN (SELECT segment_set FROM segment_sets_wanted)) AS is_wanted
FROM predictions AS p
JOIN truths AS t ON t.id_high = p.id_high AND t.id_low = p.id_low
LEFT JOIN labels AS answered ON answered.name = p.label
LEFT JOIN labels AS true_labels ON true_labels.name = t.label
WHERE p.deployment_id = $deployment_id AND ($version_id = 0 OR p.version_id = $version_id) AND p.event_us >= $start_us
    AND p.received_us < $known_us;
