-- Which segments make up each set?
SELECT segment_set, segment FROM segment_sets ORDER BY segment_set, segment;
