-- Remove predictions that are older than retention keeps: counted from their time or their arrival, whichever is later.
DELETE FROM predictions WHERE rowid IN (SELECT rowid FROM predictions WHERE event_us < $before_us AND GREATEST(event_us, received_us) < $before_us LIMIT $most);
