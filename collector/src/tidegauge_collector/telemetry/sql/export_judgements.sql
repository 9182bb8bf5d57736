-- What was judged of a deployment's windows that end in a range?
SELECT version, monitor, metric, column_name, segment, window_start_us, window_end_us, value, COALESCE(reason, '') AS reason, n,
    COALESCE(coverage, CAST('nan' AS DOUBLE)) AS coverage, verdict, p_value, adjusted_p, judged_at_us
FROM judgements
WHERE deployment_id = $deployment_id AND window_end_us >= $start_us AND window_end_us < $end_us
ORDER BY window_end_us, window_start_us, monitor, metric, column_name, segment, version, judged_at_us;
