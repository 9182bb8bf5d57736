-- Second moments of a window: of d features, the sums (d) and the upper triangle of products (d*(d+1)/2), f64 little-endian. Their series
-- has the kind 'second_moments', the names of the features as a JSON list for its column, and cells that count the rows.
CREATE TABLE second_moments (
    series_id INTEGER, window_start_us BIGINT, window_length_s INTEGER, rows BIGINT, state BLOB, received_us BIGINT
);
CREATE TABLE settled_second_moments (
    series_id INTEGER, window_start_us BIGINT, window_length_s INTEGER, rows BIGINT, state BLOB, received_us BIGINT
);
CREATE TABLE day_second_moments (
    series_id INTEGER, window_start_us BIGINT, window_length_s INTEGER, rows BIGINT, state BLOB, received_us BIGINT
);
