-- Which number has each epoch?
SELECT epoch_id, epoch FROM epochs_known;
