-- Which versions answered one prediction id, with what, and when? The answer that counts for accuracy last of its version.
SELECT version, role, score, label, classes_id, class_scores, segment_set, COALESCE(batch, ''), event_us, arrival_us, received_us
FROM predictions JOIN versions_known USING (version_id)
WHERE deployment_id = $deployment_id AND id_high = $id_high AND id_low = $id_low
ORDER BY event_us, received_us, epoch_id, seq, row_number;
