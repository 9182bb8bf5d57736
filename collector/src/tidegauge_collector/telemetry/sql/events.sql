-- What happened in a deployment, the newest first, from a place on? The order (time, receipt, digest) tells all events apart but for
-- those that are alike in everything, of which so many were `shown`.
WITH asked AS (
    SELECT name, text, at_us, version, attributes, received_us,
        md5(concat_ws(chr(31), name, text, version, attributes)) AS digest
    FROM events
    WHERE deployment_id = $deployment_id AND at_us >= $start_us AND at_us < $end_us AND at_us <= $at_us
        AND ($kind IS NULL OR name = $kind) AND ($version IS NULL OR version = $version)
)
SELECT name, text, at_us, version, attributes, received_us, digest
FROM asked
WHERE at_us < $at_us OR received_us < $received_us OR (received_us = $received_us AND digest >= $digest)
ORDER BY at_us DESC, received_us DESC, digest
LIMIT $most OFFSET $shown;
