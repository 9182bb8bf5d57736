-- Which judgement of each measurement holds?
SELECT version, monitor, metric, column_name, segment, window_start_us, window_end_us, value, reason, n, baseline_n, coverage,
    verdict, p_value, adjusted_p, judged_at_us
FROM judgements
WHERE deployment_id = $deployment_id AND window_end_us > $after_us AND window_end_us <= $until_us
    AND ($monitor IS NULL OR monitor = $monitor)
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY version, monitor, metric, column_name, segment, window_start_us, window_end_us
    ORDER BY judged_at_us DESC, rowid DESC
) = 1
ORDER BY window_end_us, window_start_us, monitor, metric, column_name, segment, version;
