-- Which predictions of a deployment come after a place, within a range of event time?
SELECT version, role, id_high, id_low, event_us, arrival_us, received_us, score, label, segment_set, COALESCE(batch, '') AS batch,
    epoch_id, seq, row_number
FROM predictions JOIN versions_known USING (version_id)
WHERE deployment_id = $deployment_id AND event_us >= $event_us AND event_us < $end_us
    AND (event_us, epoch_id, seq, row_number) > ($event_us, $epoch_id, $seq, $row_number)
ORDER BY event_us, epoch_id, seq, row_number
LIMIT $limit;
