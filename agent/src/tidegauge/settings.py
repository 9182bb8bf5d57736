"""What a user can set on an agent. Every option of `init` is also an environment variable `TIDEGAUGE_<OPTION>`; the environment wins."""

from __future__ import annotations

import difflib
import hashlib
import math
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tidegauge.core.columns import ColumnKind
from tidegauge.core.humility import Rule, named_apart
from tidegauge.errors import UsageError

KIB, MIB, GIB = 1024, 1024**2, 1024**3
_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
DEFAULT_PORT = 8643


def default_spool() -> str:
    """`$XDG_STATE_HOME/tidegauge`, else `~/.local/state/tidegauge`, else a folder of the user's in the temporary directory."""
    try:
        state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    except RuntimeError:
        return str(Path(tempfile.gettempdir()) / f"tidegauge-{os.getuid()}")
    return str(Path(state) / "tidegauge")


@dataclass(frozen=True, kw_only=True)
class AgentSettings:
    """Options of one deployment's agent; see docs/configuration.md."""

    deployment: str
    version: str = "unversioned"
    collector: str = f"grpc://127.0.0.1:{DEFAULT_PORT}"
    spool: str = field(default_factory=default_spool)
    id_column: str | None = None
    segments: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    kinds: Mapping[str, ColumnKind] = field(default_factory=dict)
    task: str = ""
    positive_class: str | None = None
    time_zone: str = "UTC"
    alerts: str = "live"
    role: str = "champion"
    shipper: str = "process"
    insecure: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    token: str | None = field(default=None, repr=False)
    token_file: str | None = None
    durability: str = "seal"
    spool_quota_bytes: int = 512 * MIB
    buffer_bytes: int = 8 * MIB
    copy: str = "private"
    sample: float = 1.0
    segment_values: int = 50
    user_errors: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    drop: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    mask: tuple[str, ...] = ()
    hash_key: str | None = field(default=None, repr=False)
    suppress_below: int = 0
    enabled: bool = True

    @property
    def id_key(self) -> bytes:
        """What prediction ids are digested under; empty where nobody gave a `hash_key`."""
        return (self.hash_key or "").encode()

    @property
    def segment_parts(self) -> frozenset[str]:
        """The columns that segments are made of."""
        return frozenset(part for one in self.segments for part in one.split("&"))

    @property
    def root(self) -> Path:
        """The spool root: one for each user, collector and credential, so that one shipper serves it."""
        shown = {"cert_file": self.cert_file, "token_file": self.token_file, "token": self.token}
        credential = "".join(f"\0{name}={value}" for name, value in shown.items() if value)
        key = hashlib.blake2b((self.collector + credential).encode(), digest_size=6).hexdigest()
        return Path(self.spool) / f"{os.getuid() if hasattr(os, 'getuid') else 0}-{key}"


def parse_settings(options: Mapping[str, Any], environment: Mapping[str, str]) -> AgentSettings:
    """Settings from the options of `init` and the environment; all problems at once in one UsageError."""
    values = {name: value for name, value in options.items() if value is not None}
    problems: list[str] = []
    for one in fields(AgentSettings):
        text = environment.get(f"TIDEGAUGE_{one.name.upper()}")
        if text is not None:
            values[one.name] = text
    parsed: dict[str, Any] = {}
    for name, value in values.items():
        try:
            parsed[name] = _parser(name)(value)
        except (ValueError, TypeError) as error:
            shown = "…" if name in _SECRETS else f"{value!r:.100}"
            problems.append(f"{name}={shown}: {error}")
    if "deployment" not in values:
        problems.append("deployment: none is given, write init('flights-delay') or set TIDEGAUGE_DEPLOYMENT")
    problems += _contradictions(parsed)
    if "collector" in parsed and not any(problem.startswith("insecure=") for problem in problems):
        problems += _address_problems(parsed["collector"], insecure=bool(parsed.get("insecure")))
    if problems:
        raise UsageError("tidegauge.init: " + "; ".join(problems))
    return AgentSettings(**parsed)


def _parser(name: str) -> Callable[[Any], Any]:
    known = [one.name for one in fields(AgentSettings)]
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        raise ValueError(f"no such option, did you mean {near[0]!r}?" if near else f"no such option; there are {known}")
    return _PARSERS.get(name, _text)


def _contradictions(parsed: Mapping[str, Any]) -> list[str]:
    """What options say against each other."""
    problems = []
    if parsed.get("hash") and not parsed.get("hash_key"):
        problems.append(
            "hash: needs hash_key, a secret of 16 characters or more: without one a few guesses undo the hash"
        )
    if parsed.get("token") and parsed.get("token_file"):
        problems.append("token and token_file: give one of them")
    if bool(parsed.get("cert_file")) != bool(parsed.get("key_file")):
        problems.append("cert_file and key_file: a client certificate needs both")
    columns = [name for option in ("drop", "hash", "mask") for name in parsed.get(option, ())]
    problems += [
        f"column {name!r} is in several of drop, hash and mask"
        for name in sorted(set(columns))
        if columns.count(name) > 1
    ]
    kept = {part for one in parsed.get("segments", ()) if isinstance(one, str) for part in one.split("&")}
    problems += [
        f"drop={name!r} is a segment column: hash or mask it instead"
        for name in sorted(kept & set(parsed.get("drop", ())))
    ]
    if parsed.get("id_column") in columns:
        problems.append(
            f"id_column={parsed['id_column']!r} is in drop, hash or mask: ids leave the host as digests only"
        )
    return problems


def _address_problems(address: str, *, insecure: bool) -> list[str]:
    try:
        parts = urlsplit(address)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        has_port = False
    if not has_port or parts.scheme not in {"grpc", "grpcs"} or not parts.hostname:
        return [f"collector={address!r}: write grpcs://HOST:PORT, or grpc://HOST:PORT in the clear"]
    if parts.scheme == "grpc" and parts.hostname not in _LOOPBACK and not insecure:
        return [f"collector={address!r} would send in the clear: use grpcs://, or say insecure=True"]
    return []


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a {type(value).__name__}, expected text")
    return value


def _slug(value: object) -> str:
    text = _text(value)
    if not _SLUG.fullmatch(text):
        raise ValueError("use lower-case letters, digits, '.', '_' and '-', at most 128, e.g. 'flights-delay'")
    return text


def _version(value: object) -> str:
    text = _text(value)
    if not 0 < len(text) <= 128 or not text.isprintable():
        raise ValueError("use 1 to 128 printable characters, e.g. '2026-11'")
    return text


def _time_zone(value: object) -> str:
    text = _text(value)
    try:
        if text != "UTC":
            ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("no time zone of that name is known here, e.g. 'Europe/Berlin'") from error
    return text


def _path(value: object) -> str:
    if value == "":  # it would be the working directory
        raise ValueError("expected a path")
    return str(Path(os.fspath(value)).expanduser())  # type: ignore[call-overload]


def _names(value: str | Sequence[str]) -> tuple[str, ...]:
    items = [part.strip() for part in value.split(",")] if isinstance(value, str) else list(value)
    if not all(isinstance(item, str) for item in items):
        raise TypeError("expected a list of column names, or text such as 'carrier, origin'")
    return tuple(item for item in items if item)


def _segments(value: str | Sequence[str]) -> tuple[str, ...]:
    segments = _names(value)
    if not all(all(one.split("&")) for one in segments):
        raise ValueError("expected columns, or intersections of them such as 'carrier&origin'")
    return segments


def _kinds(value: Any) -> dict[str, ColumnKind]:
    if isinstance(value, str):
        value = dict(part.strip().rpartition("=")[::2] for part in value.split(",") if part.strip())
    if not isinstance(value, Mapping) or not all(isinstance(name, str) and name for name in value):
        raise TypeError('expected a mapping such as {"hour": "categorical"}, or text such as "hour=categorical"')
    wrong = [kind for kind in value.values() if kind not in _STATED_KINDS]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is no kind: use one of {', '.join(_STATED_KINDS)}")
    return {name: ColumnKind(kind) for name, kind in value.items()}


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off", ""}:
        return False
    raise ValueError("expected true or false")


def _share(value: Any) -> float:
    number = _number(value)
    if not 0 < number <= 1:
        raise ValueError("expected a share above 0 and at most 1, e.g. 0.1")
    return number


def _number(value: Any) -> float:
    """A number, of which NaN is none that any bounds hold."""
    try:
        return math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        number = _number(value)
        if not least <= number <= most or number != int(number):
            raise ValueError(f"expected a whole number from {least} to {most}")
        return int(number)

    return parse


def _bytes(least: int, most: int) -> Callable[[Any], int]:
    """Sizes in bytes; as text also with a unit, e.g. "64MiB"."""
    whole = _whole(least, most)

    def parse(value: Any) -> int:
        found = re.fullmatch(r"\s*(\d+)\s*(KiB|MiB|GiB)\s*", value) if isinstance(value, str) else None
        return whole(int(found[1]) * {"KiB": KIB, "MiB": MIB, "GiB": GIB}[found[2]] if found else value)

    return parse


def _error_names(value: Any) -> tuple[str, ...]:
    items = [value] if isinstance(value, type) else value
    if not isinstance(items, str) and not all(isinstance(item, (type, str)) for item in items):
        raise TypeError("expected exception classes or their names, e.g. ['ValueError']")
    return _names(
        [item.__name__ if isinstance(item, type) else item for item in items] if not isinstance(items, str) else items
    )


def _hash_key(value: object) -> str:
    text = _text(value)
    if not 16 <= len(text.encode()) <= 64:
        raise ValueError("use a secret of 16 to 64 bytes")
    return text


def _rules(value: Any) -> tuple[Rule, ...]:
    if isinstance(value, str):
        raise TypeError("rules are given in code, as tidegauge.Rule values")
    rules = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    wrong = [rule for rule in rules if not isinstance(rule, Rule)]
    if wrong:
        raise TypeError(
            f"{wrong[0]!r:.80} is no rule: give tidegauge.Rule values, e.g. [tidegauge.Rule.outlying_input('distance')]"
        )
    return named_apart(rules)


def _one_of(*allowed: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        text = _text(value)
        if text not in allowed:
            raise ValueError(f"expected one of {', '.join(repr(a) for a in allowed)}")
        return text

    return parse


_SECRETS = frozenset({"token", "hash_key"})
_STATED_KINDS = [kind.value for kind in ColumnKind if kind not in (ColumnKind.LOG_LINEAR, ColumnKind.UNKNOWN)]
_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "deployment": _slug,
    "version": _version,
    "time_zone": _time_zone,
    "spool": _path,
    "segments": _segments,
    "feature_names": _names,
    "kinds": _kinds,
    "task": _one_of("", "binary", "multiclass", "regression"),
    "positive_class": str,
    "alerts": _one_of("live", "all"),
    "role": _one_of("champion", "challenger", "replay"),
    "shipper": _one_of("process", "thread", "none"),
    "insecure": _flag,
    "enabled": _flag,
    "ca_file": _path,
    "cert_file": _path,
    "key_file": _path,
    "token_file": _path,
    "durability": _one_of("seal", "interval", "always"),
    "spool_quota_bytes": _bytes(1 * MIB, 1024 * GIB),
    "buffer_bytes": _bytes(64 * KIB, 1 * GIB),
    "copy": _one_of("private", "reference"),
    "sample": _share,
    "segment_values": _whole(1, 1_000),
    "user_errors": _error_names,
    "rules": _rules,
    "drop": _names,
    "hash": _names,
    "mask": _names,
    "hash_key": _hash_key,
    "suppress_below": _whole(0, 1_000_000),
}
