-- How many different ids did each version predict in each window? `slots` says which windows each step of the grid lies in.
SELECT slot, COUNT(*) AS ids
FROM (
    SELECT DISTINCT slot, version_id, id_high, id_low
    FROM predictions JOIN slots ON (event_us - $origin_us) // $step_us = slots.step
    WHERE deployment_id = $deployment_id AND ($version_id = 0 OR version_id = $version_id)
        AND event_us >= $origin_us AND event_us < $end_us AND received_us < $known_us AND ($any_batch OR batch = $batch)
        AND ($any_segment OR segment_set IN (SELECT segment_set FROM segment_sets_wanted))
)
GROUP BY slot;
