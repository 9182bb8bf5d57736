-- Append sets of segments.
INSERT INTO segment_sets SELECT number, thing FROM new_segment_sets;
