-- Append the records of a fold; codes of 0 mean none.
INSERT INTO predictions
SELECT deployment_id, version_id, role, id_high, id_low, event_us, arrival_us, received_us, score,
    CASE WHEN label > 0 THEN labels.text END, NULLIF(classes_id, 0), CASE WHEN new.score_row > 0 THEN UNHEX(scores_hex) END,
    segment_set, CASE WHEN batch > 0 THEN batches.text END, epoch_id, seq, row_number
FROM new_predictions AS new
JOIN texts AS labels ON labels.code = new.label
JOIN texts AS batches ON batches.code = new.batch
JOIN scores ON scores.score_row = new.score_row;
