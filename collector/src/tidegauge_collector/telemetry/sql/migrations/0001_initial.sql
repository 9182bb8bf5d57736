-- Hot tables (cells, bins, names, predictions, actuals) are append-only, without keys or indexes, and merge by SUM … GROUP BY.
-- Dictionary tables number what repeats; the fold assigns the numbers.
CREATE TABLE deployments_known (deployment_id INTEGER, deployment VARCHAR);
CREATE TABLE versions_known (version_id INTEGER, version VARCHAR);
CREATE TABLE epochs_known (epoch_id INTEGER, epoch BLOB);
CREATE TABLE segment_sets (segment_set INTEGER, segment VARCHAR);
CREATE TABLE score_classes (classes_id INTEGER, position INTEGER, class VARCHAR);
-- role: 0 not said, 1 champion, 2 challenger, 3 replay; time_basis: 1 event, 2 arrival; bins_id: empty where counted in no bins.
CREATE TABLE series (
    series_id INTEGER, deployment VARCHAR, version VARCHAR, role TINYINT, segment VARCHAR, batch VARCHAR, column_name VARCHAR,
    kind VARCHAR, bins_id BLOB, "pivot" DOUBLE, time_basis TINYINT
);
-- Moments are about the series' pivot. A sketch comes in a row of its own (all counts 0) until the window is compacted.
CREATE TABLE cells (
    series_id INTEGER, window_start_us BIGINT, window_length_s INTEGER, rows BIGINT, missing BIGINT, non_finite BIGINT,
    invalid BIGINT, overflow BIGINT, total DOUBLE, total_squares DOUBLE, minimum DOUBLE, maximum DOUBLE, sketch_count BIGINT,
    sketch BLOB, received_us BIGINT
);
-- bin: position among the reference bins, or index of the log-linear bucket.
CREATE TABLE bins (series_id INTEGER, window_start_us BIGINT, window_length_s INTEGER, bin BIGINT, count BIGINT);
CREATE TABLE names (series_id INTEGER, window_start_us BIGINT, window_length_s INTEGER, name VARCHAR, count BIGINT);
-- score: outputs[""]; class_scores: f64 little-endian in the order of score_classes; segment_set 0: none.
CREATE TABLE predictions (
    deployment_id INTEGER, version_id INTEGER, role TINYINT, id_high UBIGINT, id_low UBIGINT, event_us BIGINT, arrival_us BIGINT,
    received_us BIGINT, score DOUBLE, label VARCHAR, classes_id INTEGER, class_scores BLOB, segment_set INTEGER, batch VARCHAR,
    epoch_id INTEGER, seq UBIGINT, row_number INTEGER
);
CREATE TABLE actuals (
    deployment_id INTEGER, id_high UBIGINT, id_low UBIGINT, value DOUBLE, label VARCHAR, actual_us BIGINT, received_us BIGINT,
    epoch BLOB, seq UBIGINT, row_number INTEGER
);
CREATE TABLE events (
    deployment_id INTEGER, version VARCHAR, name VARCHAR, text VARCHAR, at_us BIGINT, attributes VARCHAR, received_us BIGINT
);
CREATE TABLE gaps (epoch BLOB, first_seq UBIGINT, last_seq UBIGINT, reason VARCHAR, rows UBIGINT, received_us BIGINT);
-- The greatest mark of an epoch, the greatest event time of an epoch and deployment, and the last fold's position hold.
CREATE TABLE marks (epoch BLOB, mark UBIGINT, received_us BIGINT, closed BOOLEAN);
CREATE TABLE watermarks (epoch BLOB, deployment_id INTEGER, event_time_us BIGINT);
CREATE TABLE log_position (fold_number BIGINT, log_epoch BLOB, log_seq UBIGINT);
CREATE TABLE judgements (
    deployment_id INTEGER, version VARCHAR, monitor VARCHAR, metric VARCHAR, column_name VARCHAR, segment VARCHAR,
    window_start_us BIGINT, window_end_us BIGINT, value DOUBLE, reason VARCHAR, n BIGINT, baseline_n BIGINT, coverage DOUBLE,
    verdict VARCHAR, p_value DOUBLE, adjusted_p DOUBLE, judged_at_us BIGINT
);
