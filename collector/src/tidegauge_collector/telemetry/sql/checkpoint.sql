-- Move the write-ahead log into the file.
CHECKPOINT;
