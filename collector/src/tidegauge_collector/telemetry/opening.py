"""Opening the store's file: settings, the lock, a write-ahead log that cannot be replayed.

The file is written at a storage version that DuckDB 1.5 reads, so that going back from 2.0 stays possible.
"""

from collections.abc import Callable
from pathlib import Path

import duckdb

from tidegauge_collector.errors import ConfigError
from tidegauge_collector.telemetry.faults import StoreDamaged, is_replay_failure, translate_opening

STORAGE_VERSION = "v1.5.0"
MEMORY = ":memory:"


def connect(
    path: str, *, memory_limit: str, threads: int, now_us: Callable[[], int], heal: bool = True
) -> tuple[duckdb.DuckDBPyConnection, tuple[Path, ...]]:
    """The root connection, and the write-ahead logs that had to be set aside for it (what they held must be folded again).

    `heal`: whether they may be. Raises ConfigError, DataDirectoryLocked, NewerDataError, StoreDamaged or StoreFatal.
    """
    if path != MEMORY and not Path(path).parent.is_dir():
        raise ConfigError(f"telemetry store {path}: {Path(path).parent} is no directory; make it or set another path")
    config = _settings(memory_limit, threads)
    try:
        return duckdb.connect(path, config=config), ()
    except duckdb.Error as error:
        if not heal or not is_replay_failure(error):
            raise translate_opening(error, path) from error
    aside = _set_logs_aside(Path(path), now_us())
    try:
        return duckdb.connect(path, config=config), aside
    except duckdb.Error as error:
        raise translate_opening(error, path) from error


def connect_to_look(path: str, *, memory_limit: str) -> duckdb.DuckDBPyConnection:
    """A connection that can change nothing; a log beside the file is read as well. Raises as `connect` does."""
    config = {**_settings(memory_limit, 2), "lock_configuration": True}
    for writing in ("storage_compatibility_version", "checkpoint_threshold"):
        del config[writing]
    try:
        return duckdb.connect(path, read_only=True, config=config)
    except duckdb.Error as error:
        if is_replay_failure(error):
            raise StoreDamaged(
                f"telemetry store {path}: its log cannot be replayed; a start heals that ({error})"
            ) from error
        raise translate_opening(error, path) from error


def _settings(memory_limit: str, threads: int) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "storage_compatibility_version": STORAGE_VERSION,
        "memory_limit": memory_limit,
        "threads": threads,
        "enable_external_access": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "checkpoint_threshold": "1GB",  # `checkpoint()` runs on a timer, where there is room for it
        "lock_configuration": True,
    }


def _set_logs_aside(path: Path, now_us: int) -> tuple[Path, ...]:
    """Rename the logs beside the data file; the file alone is its last checkpoint."""
    logs = [log for log in sorted(path.parent.glob(f"{path.name}.*wal*")) if ".corrupt-" not in log.name]
    return tuple(log.rename(log.with_name(f"{log.name}.corrupt-{now_us}")) for log in logs)
