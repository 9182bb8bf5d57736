-- Append where in the frame log this fold ended.
INSERT INTO log_position SELECT fold_number, UNHEX(log_epoch_hex), log_seq FROM new_log_position;
