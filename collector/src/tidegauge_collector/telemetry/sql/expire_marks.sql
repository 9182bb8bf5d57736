-- Remove the marks of epochs that have ended and were last heard of before a time.
DELETE FROM marks
WHERE epoch IN (SELECT epoch FROM marks GROUP BY epoch HAVING BOOL_OR(closed) AND MAX(received_us) < $before_us LIMIT $most);
