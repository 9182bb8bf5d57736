"""The text of the queries: one `.sql` file each, under `sql/`."""

from functools import cache
from importlib.resources import files


@cache
def query(name: str) -> str:
    """The query of `sql/NAME.sql`."""
    return (files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
