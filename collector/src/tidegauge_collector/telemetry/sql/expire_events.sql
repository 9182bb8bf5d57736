-- Remove events that are older than retention keeps: counted from their time or their arrival, whichever is later.
DELETE FROM events WHERE rowid IN (SELECT rowid FROM events WHERE at_us < $before_us AND GREATEST(at_us, received_us) < $before_us LIMIT $most);
