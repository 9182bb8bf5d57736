-- What was the worst verdict of each monitor on each of the seven days up to the end of the window that it judged last? 1 ok, 2 warning,
-- 3 failing; `ago` counts whole days back from there.
SELECT deployment, judgements.monitor, CAST((last_us - window_end_us) // 86400000000 AS INTEGER) AS ago,
    MAX(CASE verdict WHEN 'failing' THEN 3 WHEN 'warning' THEN 2 ELSE 1 END)
FROM judgements JOIN asked ON judgements.deployment_id = asked.deployment_id AND judgements.monitor = asked.monitor
WHERE window_end_us > $least_us AND window_end_us > last_us - 604800000000 AND window_end_us <= last_us
    AND verdict IN ('ok', 'warning', 'failing')
GROUP BY deployment, judgements.monitor, ago;
