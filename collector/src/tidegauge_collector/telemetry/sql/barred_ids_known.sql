-- Are there records that a deletion has kept out, whose actuals have not been looked for?
SELECT EXISTS (SELECT 1 FROM barred_ids);
