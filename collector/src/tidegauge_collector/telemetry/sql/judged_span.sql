-- Of which windows, by their ends, is there anything that was judged of a deployment?
SELECT MIN(window_end_us), MAX(window_end_us)
FROM judgements
WHERE deployment_id = $deployment_id;
