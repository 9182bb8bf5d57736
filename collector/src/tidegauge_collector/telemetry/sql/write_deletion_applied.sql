-- Note that the rows of a deletion are gone; in the transaction that removes them.
INSERT INTO deletions_applied VALUES (?, ?);
