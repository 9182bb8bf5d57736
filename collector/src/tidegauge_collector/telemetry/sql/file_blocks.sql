-- How much of the file is in use, and how much waits to be used again?
SELECT block_size, used_blocks, free_blocks FROM pragma_database_size() WHERE database_name = current_database()
