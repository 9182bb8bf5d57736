"""What an operator can set: a TOML file, then `TIDEGAUGE_…` variables, then command-line flags; later ones win.

Everything is parsed once, and all problems are reported together, each with its key, its value and the fix.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tidegauge.wire.binsfile import is_deployment_name
from tidegauge_collector.access import AccessConfig
from tidegauge_collector.access.certificates import TlsFiles
from tidegauge_collector.access.exposure import missing_tls
from tidegauge_collector.core.routing import Route, Routing
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.ingest.limits import MIB, IntakeLimits
from tidegauge_collector.notify import Channel, read_channels
from tidegauge_collector.notify.routes import kind_of, read_routes

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Address:
    """A host and port to listen on; port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        return self.host in _LOOPBACK


@dataclass(frozen=True, kw_only=True)
class CollectorSettings:
    """Settings of the daemon; docs/configuration.md lists every key."""

    data: Path = Path("tidegauge-data")
    http: Address = Address("127.0.0.1", 8642)
    grpc: Address = Address("127.0.0.1", 8643)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    access: str = "auto"
    insecure: bool = False
    base_url: str = ""
    log_format: str = "console"
    memory_limit_mb: int = 1024
    log_keep_hours: float = 24.0
    backup_dir: Path | None = None
    backup_every_hours: float = 24.0
    backup_keep: int = 7
    baseline_rows: int = 10_000
    baseline_days: float = 7.0
    retention_minutes_days: float = 7.0
    retention_sketches_days: float = 7.0
    retention_hours_days: float = 90.0
    retention_days_days: float = 1_095.0
    retention_records_days: float = 90.0
    retention_marks_days: float = 400.0
    retention_messages_days: float = 90.0
    agent_frames_per_second: int = 10_000
    agent_mb_per_second: float = 64.0
    max_calls: int = 256
    max_calls_per_peer: int = 64
    quota_mb_per_day: int = 20_000
    quotas: Mapping[str, int] = field(default_factory=dict)
    min_free_mb: int = 256
    max_unfolded_mb: int = 2_048
    max_upload_mb: int = 1_024
    channels: tuple[Channel, ...] = field(default=())
    routes: tuple[Route, ...] = field(default=())

    @property
    def routing(self) -> Routing:
        """Which alert goes to which of the channels."""
        return Routing(self.routes, {channel.name: kind_of(channel) for channel in self.channels})

    @property
    def intake_limits(self) -> IntakeLimits:
        """What the intake bears."""
        return IntakeLimits(
            max_calls=self.max_calls,
            max_calls_per_peer=self.max_calls_per_peer,
            agent_frames_per_s=self.agent_frames_per_second,
            agent_bytes_per_s=self.agent_mb_per_second * MIB,
            quota_bytes_per_day=self.quota_mb_per_day * MIB,
            quotas={name: size * MIB for name, size in self.quotas.items()},
            min_free_bytes=self.min_free_mb * MIB,
            max_unfolded_bytes=self.max_unfolded_mb * MIB,
        )

    @property
    def access_config(self) -> AccessConfig:
        """What the doors are to ask for."""
        is_exposed = not (self.insecure or (self.http.is_loopback and self.grpc.is_loopback))
        tls = TlsFiles(self.tls_cert, self.tls_key, self.tls_client_ca) if self.tls_cert and self.tls_key else None
        if is_exposed and tls is None:
            raise ConfigError("\n".join(_exposed(vars(self))))
        return AccessConfig(self.data, required=is_exposed or self.access == "required", is_exposed=is_exposed, tls=tls)


def load_settings(
    file: Path | None, *, environment: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None
) -> CollectorSettings:
    """Settings from a file (None: no file), the environment and flags (None values say nothing).

    Raises ConfigError with one line for each problem.
    """
    environment = os.environ if environment is None else environment
    raw = _read(file) if file is not None else {}
    problems: list[str] = []
    known = {one.name for one in fields(CollectorSettings)}
    problems += [_unknown(name, known) for name in raw if name not in known]
    values = {name: value for name, value in raw.items() if name in known}
    channels, routes = values.pop("channels", []), values.pop("routes", [])
    for name in known - {"channels", "routes"}:
        text = environment.get(f"TIDEGAUGE_{name.upper()}")
        if text is not None:
            values[name] = text
    values |= {name: value for name, value in (flags or {}).items() if value is not None}
    parsed: dict[str, Any] = {}
    for name, value in values.items():
        try:
            parsed[name] = _PARSERS[name](value)
        except (ValueError, TypeError) as problem:
            problems.append(f"{name} = {value!r}: {problem}")
    parsed["channels"] = read_channels(channels, environment, problems)
    parsed["routes"] = read_routes(routes, _names(channels), problems)
    problems += _half_given(parsed) + _exposed(parsed)
    if problems:
        where = f"in {file}" if file is not None else "in flags or environment"
        raise ConfigError(f"{len(problems)} problem(s) {where}:\n" + "\n".join(f"  - {one}" for one in problems))
    return CollectorSettings(**parsed)


def _names(channels: Any) -> list[str]:
    """What the tables call their channels, also those that are wrong otherwise."""
    tables = [one for one in channels if isinstance(one, Mapping)] if isinstance(channels, list) else []
    return [one["name"] for one in tables if isinstance(one.get("name"), str)]


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as problem:
        raise ConfigError(f"configuration file {file} does not exist: give the path of a TOML file") from problem
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"configuration file {file} cannot be read: {problem}") from problem
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(f"configuration file {file} is not TOML: {problem}") from problem


def _unknown(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known keys are {', '.join(sorted(known))}"
    return f"{name}: unknown key; {hint}"


def _half_given(parsed: Mapping[str, Any]) -> list[str]:
    problems = []
    if bool(parsed.get("tls_cert")) != bool(parsed.get("tls_key")):
        problems.append("tls_cert and tls_key: TLS needs both, a certificate (with its chain) and its key, in PEM")
    if parsed.get("tls_client_ca") and not parsed.get("tls_cert"):
        problems.append("tls_client_ca: clients show certificates over TLS only: give tls_cert and tls_key too")
    return problems


def _exposed(parsed: Mapping[str, Any]) -> list[str]:
    if parsed.get("insecure") or (parsed.get("tls_cert") and parsed.get("tls_key")):
        return []
    beyond = [(name, str(parsed[name])) for name in ("http", "grpc") if name in parsed and not parsed[name].is_loopback]
    return missing_tls(beyond, parsed.get("data", CollectorSettings.data))


def _address(value: object) -> Address:
    if not isinstance(value, str):
        raise TypeError('write "HOST:PORT"')
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65_535:
        raise ValueError("write HOST:PORT with a port of 0 to 65535, e.g. 127.0.0.1:8642")
    return Address(host.strip("[]"), int(port))


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    texts = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if isinstance(value, str) and value.lower() in texts:
        return texts[value.lower()]
    raise ValueError("write true or false")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("write text in quotes")
    return value


def _path(value: object) -> Path:
    text = _text(os.fspath(value) if isinstance(value, os.PathLike) else value)
    if not text:
        raise ValueError("write the path of a file")
    return Path(text).expanduser()


def _one_of(*allowed: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if value not in allowed:
            raise ValueError(f"write one of {', '.join(allowed)}")
        return str(value)

    return parse


def _number(kind: Callable[[Any], Any], least: float, most: float) -> Callable[[object], Any]:
    def parse(value: object) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise TypeError("write a number")
        wanted = "a whole number" if kind is int else "a number"
        try:
            number = kind(value)
        except ValueError as problem:
            raise ValueError(f"write {wanted}") from problem
        if not least <= number <= most or (isinstance(value, float) and number != value):
            raise ValueError(f"write {wanted} from {least:.10g} to {most:.10g}")
        return number

    return parse


def _quotas(value: object) -> dict[str, int]:
    """Megabytes a day by deployment: a table, or the text `name=1000,other=50` (names have no commas)."""
    if isinstance(value, str):
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        value = {name.strip(): size.strip() for name, _, size in pairs}
    if not isinstance(value, Mapping):
        raise TypeError('write a table such as [quotas] with lines like "flights-delay" = 50000')
    strange = [name for name in value if not is_deployment_name(name)]
    if strange:
        raise ValueError(f"{strange[0]!r:.140} is no deployment's name")
    read = _number(int, 0, 1_000_000_000)
    return {name: read(size) for name, size in value.items()}


_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "data": _path,
    "http": _address,
    "grpc": _address,
    "tls_cert": _path,
    "tls_key": _path,
    "tls_client_ca": _path,
    "access": _one_of("auto", "required"),
    "insecure": _flag,
    "base_url": _text,
    "log_format": _one_of("console", "json"),
    "memory_limit_mb": _number(int, 128, 1_048_576),
    "log_keep_hours": _number(float, 0, 8_760),
    "backup_dir": lambda value: Path(_text(os.fspath(value))).expanduser(),
    "backup_every_hours": _number(float, 0.01, 8_760),
    "backup_keep": _number(int, 1, 10_000),
    "baseline_rows": _number(int, 100, 10_000_000),
    "baseline_days": _number(float, 0, 365),
    "retention_minutes_days": _number(float, 1, 36_500),
    "retention_sketches_days": _number(float, 1, 36_500),
    "retention_hours_days": _number(float, 2, 36_500),
    "retention_days_days": _number(float, 2, 36_500),
    "retention_records_days": _number(float, 1, 36_500),
    "retention_marks_days": _number(float, 30, 36_500),
    "retention_messages_days": _number(float, 4, 36_500),
    "agent_frames_per_second": _number(int, 1, 10_000_000),
    "agent_mb_per_second": _number(float, 0.01, 100_000),
    "max_calls": _number(int, 1, 1_024),
    "max_calls_per_peer": _number(int, 1, 1_024),
    "quota_mb_per_day": _number(int, 0, 1_000_000_000),
    "quotas": _quotas,
    "min_free_mb": _number(int, 0, 1_000_000_000),
    "max_unfolded_mb": _number(int, 1, 1_000_000_000),
    "max_upload_mb": _number(int, 1, 1_048_576),
}
