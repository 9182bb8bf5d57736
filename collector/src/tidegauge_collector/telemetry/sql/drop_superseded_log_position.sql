-- Remove the places of earlier folds.
DELETE FROM log_position WHERE fold_number < (SELECT MAX(fold_number) FROM log_position);
