-- Which labels did a deployment's models answer, or turn out to be true?
SELECT label FROM predictions WHERE deployment_id = ? AND label IS NOT NULL
UNION
SELECT label FROM actuals WHERE deployment_id = ? AND label IS NOT NULL
ORDER BY label;
