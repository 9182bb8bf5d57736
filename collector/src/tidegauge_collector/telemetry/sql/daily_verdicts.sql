-- What was the worst verdict of each monitor on each of the last seven days that it judged? 1 ok, 2 warning, 3 failing; `ago` counts
-- whole days back from the monitor's newest window.
WITH said AS (
    SELECT deployment, monitor, window_end_us, CASE verdict WHEN 'failing' THEN 3 WHEN 'warning' THEN 2 ELSE 1 END AS verdict_rank
    FROM judgements JOIN asked USING (deployment_id)
    WHERE verdict IN ('ok', 'warning', 'failing')
),
newest AS (SELECT deployment, monitor, MAX(window_end_us) AS last_us FROM said GROUP BY deployment, monitor)
SELECT deployment, monitor, CAST((last_us - window_end_us) // 86400000000 AS INTEGER) AS ago, MAX(verdict_rank)
FROM said JOIN newest USING (deployment, monitor)
WHERE window_end_us > last_us - 604800000000
GROUP BY deployment, monitor, ago;
