-- Remove gaps that are older than retention keeps: counted from their time or their arrival, whichever is later.
DELETE FROM gaps WHERE rowid IN (SELECT rowid FROM gaps WHERE received_us < $before_us LIMIT $most);
