-- Remove the watermarks of epochs that have no mark any more.
DELETE FROM watermarks WHERE epoch NOT IN (SELECT epoch FROM marks);
