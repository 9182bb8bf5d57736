-- Remember whose records a deletion has kept out of a fold.
INSERT INTO barred_ids SELECT deployment_id, id_high, id_low, until_us FROM new_barred_ids;
