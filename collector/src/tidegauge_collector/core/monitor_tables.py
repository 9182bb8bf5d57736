"""Definitions as people write them: `[[monitors]]` and `[[objectives]]` tables with a key for each field. All problems of all tables are
found at once.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from tidegauge_collector.core.objectives import OBJECTIVE_FIELDS, Objective, monitor_of, objective_of
from tidegauge_collector.core.shapes import Field, read, schema, written

KEY, OBJECTIVES = "monitors", "objectives"
FIELDS: Mapping[str, Field] = {one.name: one for one in (*MONITOR_FIELDS, *OWN_FIELDS)}
_OF_OBJECTIVES: Mapping[str, Field] = {one.name: one for one in (*OBJECTIVE_FIELDS, *OWN_FIELDS)}
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
        for place, key, table in _tables(document, problems):
            where = f"{document.name}: {place}"
            reader = read_table if key == KEY else read_objective
            definition = reader(table, where, problems, origin=origin, source=document.name)
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
    name, where, values = _values(table, where, problems, FIELDS, assumed)
    return None if values is None else _made(name, values, where, problems, origin=origin, source=source)


def read_objective(
    table: Any, where: str, problems: list[str], *, origin: Origin = "api", source: str = ""
) -> Definition | None:
    """The same of a table of `[[objectives]]`: the definition of the monitor that judges it."""
    left_out = {one.name: one.default for one in _OF_OBJECTIVES.values() if not one.is_required}
    name, where, values = _values(table, where, problems, _OF_OBJECTIVES, lambda name: left_out | {"name": name})
    if values is None:
        return None
    try:
        monitor = monitor_of(Objective(**{one.name: values[one.name] for one in OBJECTIVE_FIELDS}))
    except ValueError as problem:
        problems += _told(problem, name, where)
        return None
    made = {one.name: getattr(monitor, one.name) for one in MONITOR_FIELDS}
    return _made(
        name, made | {one.name: values[one.name] for one in OWN_FIELDS}, where, problems, origin=origin, source=source
    )


def objective_table(definition: Definition) -> dict[str, Any]:
    """An objective as a table of a file: its id, and what is not the field's own default."""
    objective = objective_of(definition.monitor)
    values = {one.name: getattr(objective, one.name) for one in OBJECTIVE_FIELDS} | {
        one.name: getattr(definition, one.name) for one in OWN_FIELDS
    }
    usual = {"name": definition.id} | {one.name: one.default for one in _OF_OBJECTIVES.values() if one.name != "name"}
    return {
        name: written(one, values[name])
        for name, one in _OF_OBJECTIVES.items()
        if one.is_required or values[name] != usual[name]
    }


def _values(
    table: Any,
    where: str,
    problems: list[str],
    known: Mapping[str, Field],
    left_out: Callable[[str], dict[str, Any]],
) -> tuple[str, str, dict[str, Any] | None]:
    """The id of a table, where it stands, and its values; None and all its problems where it is wrong."""
    if not isinstance(table, Mapping):
        problems.append(f"{where}: {table!r:.80}: write a table of keys, with an id first")
        return "", where, None
    name = table.get("id")
    if not isinstance(name, str) or not _is_id(name):
        problems.append(f"{where}: id = {name!r:.140}: write {_ID_WORDS}, at most {MAX_ID}")
        name = ""
    where = f"{where} {name!r}" if name else where
    mine = [f"{where}: {one}" for one in _unknown(table, known)]
    mine += [
        f"{where}: {key} is missing: {one.doc}"
        for key, one in known.items()
        if one.is_required and key not in table and key != "id"
    ]
    values = left_out(name) | {"id": name}
    for key, field in known.items():
        if key == "id" or key not in table:
            continue
        try:
            values[key] = read(field, table[key])
        except ValueError as problem:
            mine.append(f"{where}: {key} = {table[key]!r:.140}: {problem}")
    problems += mine
    return name, where, None if mine or not name else values


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
    """JSON Schema (2020-12) of a file of monitors and objectives."""
    tables = {KEY: ("monitor", FIELDS), OBJECTIVES: ("objective", _OF_OBJECTIVES)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tidegauge monitors and objectives",
        "description": "Monitors as code: tidegauge-collector monitors plan | apply FILE…",
        "type": "object",
        "properties": {
            key: {"type": "array", "items": {"$ref": f"#/$defs/{name}"}} for key, (name, _) in tables.items()
        },
        "anyOf": [{"required": [key]} for key in tables],
        "additionalProperties": False,
        "$defs": {name: _table_schema(fields) for name, fields in tables.values()},
    }


def _table_schema(known: Mapping[str, Field]) -> dict[str, Any]:
    properties = {name: schema(field) for name, field in known.items()}
    properties["id"] |= {"pattern": ID_PATTERN}
    return {
        "type": "object",
        "properties": properties,
        "required": [one.name for one in known.values() if one.is_required],
        "additionalProperties": False,
    }


def _tables(document: Document, problems: list[str]) -> Iterator[tuple[str, str, Any]]:
    """Where each table stands, of which key it is, and itself."""
    content = document.content
    wanted = f"write [[{KEY}]] or [[{OBJECTIVES}]] tables"
    if not isinstance(content, Mapping):
        problems.append(f"{document.name}: holds no tables: {wanted}")
        return
    problems += [
        f"{document.name}: {name}: unknown key; {wanted}"
        for name in content
        if name not in (KEY, OBJECTIVES, "$schema")
    ]
    for key in (KEY, OBJECTIVES):
        tables = content.get(key, [])
        if not isinstance(tables, list):
            problems.append(f"{document.name}: {key} = {tables!r:.80}: write [[{key}]] tables, one for each")
            continue
        for number, table in enumerate(tables, 1):
            yield f"{key}[{number}]", key, table


def _unknown(table: Mapping[Any, Any], known: Mapping[str, Field]) -> list[str]:
    problems = []
    for key in table:
        if key in known:
            continue
        close = difflib.get_close_matches(str(key), known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
        problems.append(f"{key!s:.80} = {table[key]!r:.80}: unknown key; {hint}")
    return problems


def _made(
    name: str, values: Mapping[str, Any], where: str, problems: list[str], *, origin: Origin, source: str
) -> Definition | None:
    own = {one.name: values[one.name] for one in OWN_FIELDS}
    try:
        monitor = Monitor(**{one.name: values[one.name] for one in MONITOR_FIELDS})
        return Definition(monitor=monitor, **own, origin=origin, source=source)
    except ValueError as problem:
        problems += _told(problem, name, where)
        return None


def _told(problem: ValueError, name: str, where: str) -> list[str]:
    text = str(problem).removeprefix(f"monitor {name!r}: ")
    return [f"{where}: {one}" for one in text.split("; ")]


def _is_id(name: str) -> bool:
    letters = name.replace(".", "").replace("_", "").replace("-", "")
    return 0 < len(name) <= MAX_ID and letters.isascii() and letters.isalnum() and name[0].isalnum()
