-- Where in the frame log did the last fold end?
SELECT fold_number, log_epoch, log_seq FROM log_position ORDER BY fold_number DESC LIMIT 1;
