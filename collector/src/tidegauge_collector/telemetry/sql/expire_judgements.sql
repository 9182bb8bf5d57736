-- Remove judgements that are older than retention keeps: counted from their time or their arrival, whichever is later.
DELETE FROM judgements WHERE rowid IN (SELECT rowid FROM judgements WHERE window_end_us < $before_us AND GREATEST(window_end_us, judged_at_us) < $before_us LIMIT $most);
