-- Their actuals have been looked for.
DELETE FROM barred_ids;
