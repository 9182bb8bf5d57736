-- Settled windows: their day has closed, so they lie sorted by series and have been added to the day's row. What the fold writes
-- (cells, bins, names) leaves for here; the two never hold the same row, so both add up.
CREATE TABLE settled_cells (
    series_id INTEGER, window_start_us BIGINT, window_length_s INTEGER, rows BIGINT, missing BIGINT, non_finite BIGINT,
    invalid BIGINT, overflow BIGINT, total DOUBLE, total_squares DOUBLE, minimum DOUBLE, maximum DOUBLE, received_us BIGINT
);
CREATE TABLE settled_bins (series_id INTEGER, window_start_us BIGINT, window_length_s INTEGER, bin BIGINT, count BIGINT);
CREATE TABLE settled_names (series_id INTEGER, window_start_us BIGINT, window_length_s INTEGER, name VARCHAR, count BIGINT);
CREATE TABLE settled_sketches (
    series_id INTEGER, window_start_us BIGINT, window_length_s INTEGER, sketch_count BIGINT, sketch BLOB, received_us BIGINT
);
-- Days in the deployment's time zone (day_zones: the zone they were cut in): every row that was ever settled counts in one of them.
CREATE TABLE day_cells (
    series_id INTEGER, window_start_us BIGINT, window_length_s INTEGER, rows BIGINT, missing BIGINT, non_finite BIGINT,
    invalid BIGINT, overflow BIGINT, total DOUBLE, total_squares DOUBLE, minimum DOUBLE, maximum DOUBLE, received_us BIGINT
);
CREATE TABLE day_bins (series_id INTEGER, window_start_us BIGINT, window_length_s INTEGER, bin BIGINT, count BIGINT);
CREATE TABLE day_names (series_id INTEGER, window_start_us BIGINT, window_length_s INTEGER, name VARCHAR, count BIGINT);
CREATE TABLE day_sketches (
    series_id INTEGER, window_start_us BIGINT, window_length_s INTEGER, sketch_count BIGINT, sketch BLOB, received_us BIGINT
);
CREATE TABLE day_zones (deployment VARCHAR, zone VARCHAR);
-- Deletions whose rows have gone; a restored older file has them applied again.
CREATE TABLE deletions_applied (deletion_id VARCHAR, applied_at_us BIGINT);
