-- What was said to be true of one prediction id? The last one counts.
SELECT value, label, actual_us, received_us
FROM actuals
WHERE deployment_id = $deployment_id AND id_high = $id_high AND id_low = $id_low
ORDER BY actual_us, epoch, seq, row_number;
