-- Remove settled_second_moments that are older than retention keeps: counted from their time or their arrival, whichever is later.
DELETE FROM settled_second_moments WHERE rowid IN (SELECT rowid FROM settled_second_moments WHERE window_start_us < $before_us AND GREATEST(window_start_us + window_length_s * 1000000::BIGINT, received_us) < $before_us LIMIT $most);
