-- Append deployments.
INSERT INTO deployments_known SELECT number, thing FROM new_deployments;
