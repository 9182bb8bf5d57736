-- Which actuals of a deployment come after a place, within a range of their time?
SELECT id_high, id_low, actual_us, received_us, value, label, HEX(epoch) AS epoch_hex, seq, row_number
FROM actuals
WHERE deployment_id = $deployment_id AND actual_us >= $actual_us AND actual_us < $end_us
    AND (actual_us, HEX(epoch), seq, row_number) > ($actual_us, $epoch_hex, $seq, $row_number)
ORDER BY actual_us, HEX(epoch), seq, row_number
LIMIT $limit;
