-- How many actuals of a deployment are of a time in each window?
SELECT slot, COUNT(*) AS rows
FROM actuals JOIN asked ON actual_us >= asked.start_us AND actual_us < asked.end_us
WHERE deployment_id = $deployment_id AND actual_us >= $first_us AND actual_us < $end_us
GROUP BY slot;
