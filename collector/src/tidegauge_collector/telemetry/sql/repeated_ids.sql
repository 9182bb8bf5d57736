-- How many predictions lie in each window, how many of them have an id below a bound, and how many different (version, id) are those?
WITH inside AS (
    SELECT slot, version_id, id_high, id_low
    FROM predictions JOIN asked ON event_us >= asked.start_us AND event_us < asked.end_us
    WHERE deployment_id = $deployment_id AND ($version_id = 0 OR version_id = $version_id)
        AND event_us >= $first_us AND event_us < $end_us
        AND ($any_segment OR segment_set IN (SELECT segment_set FROM segment_sets_wanted))
)
SELECT slot, rows, looked, COALESCE(ids, 0) AS ids
FROM (SELECT slot, COUNT(*) AS rows, COUNT(*) FILTER (id_high <= $id_bound) AS looked FROM inside GROUP BY slot)
LEFT JOIN (
    SELECT slot, COUNT(*) AS ids
    FROM (SELECT DISTINCT slot, version_id, id_high, id_low FROM inside WHERE id_high <= $id_bound)
    GROUP BY slot
) USING (slot);
