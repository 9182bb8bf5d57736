"""The text of the queries: one `.sql` file each, under `sql/`. One text serves tables of equal shape at several levels."""

from functools import cache
from importlib.resources import files

LEVELS = {"": "", "settled": "settled_", "day": "day_"}
"""What the tables of a level begin with: deltas as folded, settled windows, days."""


@cache
def query(name: str) -> str:
    """The query of `sql/NAME.sql`; of `NAME@LEVEL` it speaks of that level's tables where it says `{level}`."""
    file, _, level = name.partition("@")
    text = (files(__package__) / "sql" / f"{file}.sql").read_text(encoding="utf-8")
    return text.replace("{level}", LEVELS[level])
