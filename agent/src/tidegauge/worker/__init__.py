"""Behind the caller's back: calls become columns, columns become profiles and records, and those become sealed frames."""
