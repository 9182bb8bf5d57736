-- How far is each epoch folded?
SELECT epoch, MAX(mark), MAX(received_us), BOOL_OR(closed) FROM marks GROUP BY epoch;
