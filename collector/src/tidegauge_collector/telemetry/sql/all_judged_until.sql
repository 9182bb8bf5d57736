-- Up to which window end has each monitor judged each version of each deployment?
SELECT deployment, monitor, version, MAX(window_end_us)
FROM judgements JOIN deployments_known USING (deployment_id)
GROUP BY deployment, monitor, version;
