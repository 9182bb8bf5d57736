-- Append judgements; '' and -1 stand for none.
INSERT INTO judgements
SELECT ?, version, monitor, metric, column_name, segment, window_start_us, window_end_us, value, NULLIF(reason, ''), n,
    NULLIF(baseline_n, -1), coverage, verdict, p_value, adjusted_p, judged_at_us
FROM new_judgements;
