-- At which instant after a given one was anything judged first by some monitors? Each has its instants so long after its windows' ends.
SELECT MIN(window_end_us + lag_us)
FROM judgements JOIN members USING (monitor)
WHERE deployment_id = $deployment_id AND window_end_us > $after_us - lag_us;
