"""The analytical store: folds frames into rows, reads them back as plain values. Nobody outside this package sees DuckDB.

Written in this order: frames → `unpack` → `merge` → `fold` → tables (sql/migrations) → `compact`; read by `counts`, `moments`,
`service`, `joined`, `extent`, `records`, `events`, `judgements`. All times are microseconds since 1970 in UTC.
"""
