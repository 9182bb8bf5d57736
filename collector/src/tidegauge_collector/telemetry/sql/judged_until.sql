-- Up to which window end has a monitor judged a version?
SELECT MAX(window_end_us)
FROM judgements
WHERE deployment_id = $deployment_id AND monitor = $monitor AND version = $version;
