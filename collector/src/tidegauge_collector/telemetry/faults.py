"""From DuckDB's errors to what the caller does next: leave the process, stop, or try again.

DuckDB's classes differ between 1.5 and 2.0 (an IOException there is a plain Error here), so its texts decide.
"""

import re

import duckdb

from tidegauge_collector.errors import CollectorError, DataDirectoryLocked, NewerDataError, StoreFatal

_INVALIDATED = re.compile(r"has been invalidated|FATAL Error|INTERNAL Error", re.IGNORECASE)
_LOCKED = re.compile(r"Could not set lock on file.*", re.DOTALL)
_HOLDER = re.compile(r"\(PID (\d+)\)")
_NEWER = re.compile(r"newer version of DuckDB|version number \d+, but we can only read", re.IGNORECASE)
_REPLAY = re.compile(r"Failure while replaying WAL file")
_DAMAGED = re.compile(
    r"Corrupt database file|computed checksum|not a valid DuckDB database|Could not read enough bytes|deserialize",
    re.IGNORECASE,
)


class StoreDamaged(StoreFatal):
    """The store's file has bytes that are not what was written; the next start heals it (see upkeep/healing.py)."""


class StoreRefused(CollectorError):  # noqa: N818 - says what is the case, like its siblings
    """The store could not do this now (disk or memory full, say); its transaction is undone. Mend the cause and try again."""


def translate(error: duckdb.Error, doing: str) -> CollectorError:
    """What a failed query means: StoreDamaged, StoreFatal where the instance is invalidated, else StoreRefused."""
    if _DAMAGED.search(str(error)):
        return StoreDamaged(f"telemetry store is damaged, found while {doing}: restart the collector ({error})")
    if isinstance(error, (duckdb.FatalException, duckdb.InternalException)) or _INVALIDATED.search(str(error)):
        return StoreFatal(f"telemetry store is unusable in this process while {doing}: restart the collector ({error})")
    return StoreRefused(f"telemetry store failed while {doing}: {error}")


def translate_opening(error: duckdb.Error, path: str) -> CollectorError:
    """Why a store's file cannot be opened."""
    text = str(error)
    if _LOCKED.search(text):
        holder = _HOLDER.search(text)
        who = f"process {holder.group(1)}" if holder else "another process"
        return DataDirectoryLocked(f"telemetry store {path} is held by {who}: stop it, or use another data directory")
    if _NEWER.search(text):
        return NewerDataError(f"telemetry store {path} was written by a newer DuckDB: upgrade this collector ({text})")
    if _DAMAGED.search(text):
        return StoreDamaged(f"telemetry store {path} is damaged: restore its newest backup, then restart ({text})")
    return StoreFatal(f"telemetry store {path} cannot be opened: mend the cause, then restart ({text})")


def is_replay_failure(error: duckdb.Error) -> bool:
    """Whether the write-ahead log, not the data file, keeps the store from opening."""
    return _REPLAY.search(str(error)) is not None
