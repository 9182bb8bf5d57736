-- Append series.
INSERT INTO series
SELECT series_id, deployment, version, role, segment, batch, column_name, kind, UNHEX(bins_id_hex), "pivot", time_basis
FROM new_series;
