-- Append how far epochs are folded.
INSERT INTO marks SELECT UNHEX(epoch_hex), mark, received_us, closed FROM new_marks;
