"""The text of the queries: one `.sql` file each, under `sql/`. One text serves tables of equal shape at several levels."""

from functools import cache
from importlib.resources import files

LEVELS = {"": "", "settled": "settled_", "day": "day_"}
"""What the tables of a level begin with: deltas as folded, settled windows, days."""


COUNT_OF = "count of "


@cache
def query(name: str) -> str:
    """The query of `sql/NAME.sql`; of `NAME@LEVEL` it speaks of that level's tables where it says `{level}`.

    `count of NAME` counts the rows that a deletion would take: one text says what goes, so that a plan cannot say anything else.
    """
    if name.startswith(COUNT_OF):
        return query(name.removeprefix(COUNT_OF)).replace("DELETE FROM", "SELECT COUNT(*) FROM", 1)
    file, _, level = name.partition("@")
    text = (files(__package__) / "sql" / f"{file}.sql").read_text(encoding="utf-8")
    return text.replace("{level}", LEVELS[level])
