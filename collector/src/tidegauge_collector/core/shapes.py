"""What the fields of a frozen dataclass may hold, from their type hints: to read them from files, to write them, as JSON Schema.

Known are text, numbers, flags, choices (Literal, StrEnum), tuples, mappings of text, other dataclasses, and unions of these. A number whose
name ends in `_s` is seconds, and may be written as `90s`, `5m`, `1h` or `7d`. None is written `none` where text cannot be meant.
"""

import math
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|m|h|d)")
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
DURATION_PATTERN = r"^[0-9]+(\.[0-9]+)?\s*(s|m|h|d)$"
NONE = "none"


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its hint, the value that it has where nothing is said (MISSING: it must be given), and what it means."""

    name: str
    hint: Any
    default: Any
    doc: str

    @property
    def is_required(self) -> bool:
        return self.default is MISSING

    @property
    def is_seconds(self) -> bool:
        return self.name.endswith("_s")


def fields_of(kind: type) -> tuple[Field, ...]:
    """The fields of a dataclass, in their order."""
    hints = get_type_hints(kind)
    found = []
    for one in fields(kind):
        default = one.default if one.default_factory is MISSING else one.default_factory()
        found.append(Field(one.name, hints[one.name], default, str(one.metadata.get("doc", ""))))
    return tuple(found)


# ---------------------------------------------------------------------- reading


def read(field: Field, value: Any) -> Any:
    """The value of a field as it is written in a file; raises ValueError that says what to write."""
    return _read(field.hint, value, seconds=field.is_seconds)


def _read(hint: Any, value: Any, *, seconds: bool) -> Any:
    kinds = _kinds(hint)
    if type(None) in kinds and (value is None or (value == NONE and not _has_text(kinds))):
        return None
    problems = []
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            return _read_one(kind, value, seconds=seconds)
        except ValueError as problem:
            problems.append(str(problem).removeprefix("write "))
    none = [NONE] if type(None) in kinds and not _has_text(kinds) else []
    raise ValueError("write " + " or ".join(dict.fromkeys([*problems, *none])))


def _read_one(kind: Any, value: Any, *, seconds: bool) -> Any:
    origin = get_origin(kind)
    if origin is Literal:
        return _read_choice(get_args(kind), value)
    if origin is tuple:
        return _read_tuple(get_args(kind), value, seconds=seconds)
    if origin is not None and issubclass(origin, Mapping):
        return _read_mapping(get_args(kind)[1], value)
    if is_dataclass(kind):
        return _read_table(typing.cast("type", kind), value)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(_read_choice([one.value for one in kind], value))
    return _read_plain(kind, value, seconds=seconds)


def _read_plain(kind: Any, value: Any, *, seconds: bool) -> Any:
    if kind is bool:
        if not isinstance(value, bool):
            raise ValueError("write true or false")
        return value
    if kind is str:
        return _read_text(value)
    if kind in (int, float):
        return _read_number(kind, value, seconds=seconds)
    raise TypeError(f"{kind!r} is no kind of value that files can hold")


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("write text in quotes")  # noqa: TRY004 - as every wrong value
    try:
        value.encode()
    except UnicodeEncodeError as problem:
        raise ValueError("write text of whole characters (it holds half of one)") from problem
    return value


def _read_number(kind: type, value: Any, *, seconds: bool) -> float:
    wanted = 'seconds as a number, or "90s", "5m", "1h", "7d"' if seconds else _number_words(kind)
    if seconds and isinstance(value, str):
        try:
            value = seconds_of(value)
        except ValueError as problem:
            raise ValueError(f"write {wanted}") from problem
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"write {wanted}")
    if kind is int and value != int(value):
        raise ValueError(f"write {wanted}")
    return kind(value)  # type: ignore[no-any-return]


def seconds_of(text: str) -> float:
    """90s, 5m, 1h, 7d as seconds; raises ValueError for anything else."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r:.80} is no duration: write 90s, 5m, 1h or 7d")
    return float(found[1]) * _UNIT_S[found[2]]


def _number_words(kind: type) -> str:
    return "a whole number" if kind is int else "a number"


def _read_choice(allowed: Sequence[Any], value: Any) -> Any:
    for one in allowed:
        if type(one) is type(value) and one == value:
            return one
    raise ValueError(f"write one of {', '.join(map(str, allowed))}")


def _read_tuple(inner: tuple[Any, ...], value: Any, *, seconds: bool) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise ValueError("write a list such as [ … ]")  # noqa: TRY004 - as every wrong value
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(_read(inner[0], one, seconds=seconds) for one in value)
    if len(value) != len(inner):
        raise ValueError(f"write a list of {len(inner)}")
    return tuple(_read(kind, one, seconds=seconds) for kind, one in zip(inner, value, strict=True))


def _read_mapping(inner: Any, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ValueError("write a table such as { name = … }")
    found = {}
    for name, one in value.items():
        try:
            found[_read_text(name)] = _read(inner, one, seconds=False)
        except ValueError as problem:
            raise ValueError(f"{problem} for {name!r}") from problem
    return found


def _read_table(kind: type, value: Any) -> Any:
    known = {one.name: one for one in fields_of(kind)}
    if not isinstance(value, Mapping):
        raise ValueError(f"write a table with {', '.join(known)}")  # noqa: TRY004 - as every wrong value
    unknown = [name for name in value if name not in known]
    if unknown:
        raise ValueError(f"write only {', '.join(known)}: {unknown[0]!r} is unknown")
    found = {}
    for name, one in known.items():
        if name not in value and one.is_required:
            raise ValueError(f"write {name} too")
        if name in value:
            try:
                found[name] = read(one, value[name])
            except ValueError as problem:
                raise ValueError(f"{problem} for {name}") from problem
    return kind(**found)


def _kinds(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _has_text(kinds: Sequence[Any]) -> bool:
    return str in kinds


# ---------------------------------------------------------------------- writing


def plain(value: Any) -> Any:
    """A value as JSON holds it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    return value


def written(field: Field, value: Any) -> Any:
    """A value as people write it in a file: seconds in their largest whole unit, None as `none`. `read` takes it back."""
    if value is None:
        return None if _has_text(_kinds(field.hint)) else NONE
    return _written(value, seconds=field.is_seconds)


def _written(value: Any, *, seconds: bool) -> Any:
    if isinstance(value, tuple):
        return [_written(one, seconds=seconds) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        said = [one for one in fields_of(type(value)) if one.is_required or getattr(value, one.name) != one.default]
        members = {one.name: written(one, getattr(value, one.name)) for one in said}
        return {name: one for name, one in members.items() if one is not None}
    if seconds and isinstance(value, (int, float)) and not isinstance(value, bool):
        return duration_text(value)
    return plain(value)


def duration_text(seconds: float) -> Any:
    """90 -> "90s", 86400 -> "1d"; what is no whole number of seconds, and 0, stay numbers."""
    if seconds <= 0 or seconds != int(seconds):
        return seconds
    for unit in ("d", "h", "m"):
        if seconds % _UNIT_S[unit] == 0:
            return f"{int(seconds) // _UNIT_S[unit]}{unit}"
    return f"{int(seconds)}s"


# ---------------------------------------------------------------------- JSON Schema


def schema(field: Field) -> dict[str, Any]:
    """JSON Schema (2020-12) of what `read` takes for a field, with its meaning and default."""
    found = _schema(field.hint, seconds=field.is_seconds)
    if field.doc:
        found["description"] = field.doc
    if not field.is_required and field.default is not None:
        found["default"] = written(field, field.default)
    return found


def _schema(hint: Any, *, seconds: bool) -> dict[str, Any]:
    kinds = _kinds(hint)
    options = [_schema_one(kind, seconds=seconds) for kind in kinds if kind is not type(None)]
    if type(None) in kinds:
        options.append({"type": "null"} if _has_text(kinds) else {"enum": [NONE, None]})
    return options[0] if len(options) == 1 else {"anyOf": options}


def _schema_one(kind: Any, *, seconds: bool) -> dict[str, Any]:
    origin = get_origin(kind)
    if origin is Literal:
        return {"enum": list(get_args(kind))}
    if origin is tuple:
        return _schema_tuple(get_args(kind), seconds=seconds)
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(get_args(kind)[1], seconds=False)}
    if is_dataclass(kind):
        return table_schema(fields_of(typing.cast("type", kind)))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [one.value for one in kind]}
    return _schema_plain(kind, seconds=seconds)


def _schema_plain(kind: Any, *, seconds: bool) -> dict[str, Any]:
    if kind in (int, float):
        number = {"type": "integer" if kind is int else "number"}
        return {"anyOf": [number, {"type": "string", "pattern": DURATION_PATTERN}]} if seconds else number
    return {"type": {bool: "boolean", str: "string"}[kind]}


def _schema_tuple(inner: tuple[Any, ...], *, seconds: bool) -> dict[str, Any]:
    if len(inner) == 2 and inner[1] is Ellipsis:
        return {"type": "array", "items": _schema(inner[0], seconds=seconds)}
    items = [_schema(one, seconds=seconds) for one in inner]
    return {"type": "array", "prefixItems": items, "items": False, "minItems": len(inner), "maxItems": len(inner)}


def table_schema(members: Sequence[Field]) -> dict[str, Any]:
    """JSON Schema of a table with these fields and no others."""
    return {
        "type": "object",
        "properties": {one.name: schema(one) for one in members},
        "required": [one.name for one in members if one.is_required],
        "additionalProperties": False,
    }
