-- Append the actuals of a fold; a label's code of 0 means none.
INSERT INTO actuals
SELECT deployment_id, id_high, id_low, value, CASE WHEN label > 0 THEN text END, actual_us, received_us, epoch, seq, row_number
FROM new_actuals AS new
JOIN texts ON texts.code = new.label
JOIN epochs_known USING (epoch_id);
