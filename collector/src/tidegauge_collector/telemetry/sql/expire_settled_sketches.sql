-- Remove settled_sketches that are older than retention keeps: counted from their time or their arrival, whichever is later.
DELETE FROM settled_sketches WHERE rowid IN (SELECT rowid FROM settled_sketches WHERE window_start_us < $before_us AND GREATEST(window_start_us + window_length_s * 1000000::BIGINT, received_us) < $before_us LIMIT $most);
