-- Append low watermarks of event time.
INSERT INTO watermarks SELECT UNHEX(epoch_hex), deployment_id, event_time_us FROM new_watermarks;
