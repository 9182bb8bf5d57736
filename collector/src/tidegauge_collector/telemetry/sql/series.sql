-- What is each series of?
SELECT series_id, deployment, version, role, segment, batch, column_name, kind, bins_id, "pivot", time_basis
FROM series ORDER BY series_id;
