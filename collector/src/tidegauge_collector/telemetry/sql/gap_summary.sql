-- How many sequence numbers hold nothing, and why?
SELECT reason, CAST(SUM(last_seq - first_seq + 1) AS UBIGINT), CAST(SUM(rows) AS UBIGINT), MAX(received_us)
FROM gaps
GROUP BY reason
ORDER BY reason;
