-- Which number has each deployment?
SELECT deployment_id, deployment FROM deployments_known;
