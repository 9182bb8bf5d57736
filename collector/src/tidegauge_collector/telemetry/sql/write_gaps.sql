-- Append gaps.
INSERT INTO gaps SELECT UNHEX(epoch_hex), first_seq, last_seq, reason, rows, received_us FROM new_gaps;
