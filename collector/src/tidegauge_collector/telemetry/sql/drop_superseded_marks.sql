-- Remove the marks that a greater one of the epoch has replaced.
DELETE FROM marks WHERE (epoch, mark) NOT IN (SELECT epoch, MAX(mark) FROM marks GROUP BY epoch);
