-- Note in which time zone a deployment's days are cut.
INSERT INTO day_zones VALUES (?, ?);
