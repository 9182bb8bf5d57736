-- Append epochs.
INSERT INTO epochs_known SELECT number, UNHEX(thing) FROM new_epochs;
