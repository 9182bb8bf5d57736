"""Definitions as people write them: `[[monitors]]` tables with a key for each field. All problems of all tables are found at once."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tidegauge_collector.core.definitions import (
    MONITOR_FIELDS,
    OWN_FIELDS,
    Definition,
    Origin,
    assumed,
)
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.shapes import Field, read, schema

KEY = "monitors"
FIELDS: Mapping[str, Field] = {one.name: one for one in (*MONITOR_FIELDS, *OWN_FIELDS)}
MAX_ID = 128
_ID_WORDS = "letters, digits, '.', '_' and '-', beginning with a letter or digit"
ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it was parsed, and what it is called in messages."""

    name: str
    content: Any


def read_documents(
    documents: Sequence[Document], *, origin: Origin = "file"
) -> tuple[tuple[Definition, ...], list[str]]:
    """The definitions of files, and every problem in them: file, table, key, value, fix. An id may stand once."""
    found: list[Definition] = []
    problems: list[str] = []
    places: dict[str, str] = {}
    for document in documents:
        for number, table in enumerate(_tables(document, problems), 1):
            where = f"{document.name}: {KEY}[{number}]"
            definition = read_table(table, where, problems, origin=origin, source=document.name)
            if definition is None:
                continue
            if definition.id in places:
                problems.append(
                    f"{where}: id = {definition.id!r}: stands in {places[definition.id]} already: give each its own"
                )
                continue
            places[definition.id] = where
            found.append(definition)
    return tuple(found), problems


def read_table(
    table: Any, where: str, problems: list[str], *, origin: Origin = "api", source: str = ""
) -> Definition | None:
    """The definition that a table says, or None and its problems. Keys that are left out are as `assumed`."""
    if not isinstance(table, Mapping):
        problems.append(f"{where}: {table!r:.80}: write a table of keys, with an id first")
        return None
    name = table.get("id")
    if not isinstance(name, str) or not _is_id(name):
        problems.append(f"{where}: id = {name!r:.140}: write {_ID_WORDS}, at most {MAX_ID}")
        name = ""
    where = f"{where} {name!r}" if name else where
    mine = [f"{where}: {one}" for one in _unknown(table)]
    values = assumed(name) | {"id": name}
    for key, field in FIELDS.items():
        if key == "id" or key not in table:
            continue
        try:
            values[key] = read(field, table[key])
        except ValueError as problem:
            mine.append(f"{where}: {key} = {table[key]!r:.140}: {problem}")
    problems += mine
    return None if mine or not name else _made(values, where, problems, origin=origin, source=source)


def read_definitions(items: Iterable[Mapping[str, Any]]) -> list[Definition]:
    """Definitions as the API gives them; what it says besides their fields is passed over. Raises ValueError for what is none."""
    found, problems = [], list[str]()
    for one in items:
        definition = read_table({name: one[name] for name in FIELDS if name in one}, "the answer", problems)
        if definition is None:
            raise ValueError("; ".join(problems))
        found.append(definition)
    return found


def file_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a file of monitors."""
    properties = {name: schema(field) for name, field in FIELDS.items()}
    properties["id"] |= {"pattern": ID_PATTERN}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tidegauge monitors",
        "description": "Monitors as code: tidegauge-collector monitors plan | apply FILE…",
        "type": "object",
        "properties": {KEY: {"type": "array", "items": {"$ref": "#/$defs/monitor"}}},
        "required": [KEY],
        "additionalProperties": False,
        "$defs": {
            "monitor": {
                "type": "object",
                "properties": properties,
                "required": ["id"],
                "additionalProperties": False,
            }
        },
    }


def _tables(document: Document, problems: list[str]) -> Sequence[Any]:
    content = document.content
    if not isinstance(content, Mapping):
        problems.append(f"{document.name}: holds no tables: write [[{KEY}]] tables")
        return ()
    problems += [
        f"{document.name}: {name}: unknown key; write [[{KEY}]] tables"
        for name in content
        if name not in (KEY, "$schema")
    ]
    tables = content.get(KEY, [])
    if not isinstance(tables, list):
        problems.append(f"{document.name}: {KEY} = {tables!r:.80}: write [[{KEY}]] tables, one for each monitor")
        return ()
    return tables


def _unknown(table: Mapping[Any, Any]) -> list[str]:
    problems = []
    for key in table:
        if key in FIELDS:
            continue
        close = difflib.get_close_matches(str(key), FIELDS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(FIELDS)}"
        problems.append(f"{key!s:.80} = {table[key]!r:.80}: unknown key; {hint}")
    return problems


def _made(
    values: Mapping[str, Any], where: str, problems: list[str], *, origin: Origin, source: str
) -> Definition | None:
    own = {one.name: values[one.name] for one in OWN_FIELDS}
    try:
        monitor = Monitor(**{one.name: values[one.name] for one in MONITOR_FIELDS})
        return Definition(monitor=monitor, **own, origin=origin, source=source)
    except ValueError as problem:
        text = str(problem).removeprefix(f"monitor {values['id']!r}: ")
        problems += [f"{where}: {one}" for one in text.split("; ")]
        return None


def _is_id(name: str) -> bool:
    letters = name.replace(".", "").replace("_", "").replace("-", "")
    return 0 < len(name) <= MAX_ID and letters.isascii() and letters.isalnum() and name[0].isalnum()
