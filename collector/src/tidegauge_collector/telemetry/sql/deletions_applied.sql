-- Which deletions have this file's rows gone through?
SELECT DISTINCT deletion_id FROM deletions_applied;
