"""The analytical store: folds frames into rows, reads them back as plain values. Nobody outside this package sees DuckDB.

Written in this order: frames → `unpack` → `merge` → `fold` → tables (sql/migrations) → `compact` → `settle` (days closed) → `expire`;
`deleting` on demand. Read by `counts`, `moments`, `service` (at the levels of `pieces`), `joined`, `extent`, `records`, `history`,
`events`, `judgements`, `exporting`. All times are microseconds since 1970 in UTC.
"""
