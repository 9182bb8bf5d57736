"""Whole copies of the store's file: made beside a running store, read back to the last block, written anew without the holes.

DuckDB checks each block's checksum as it reads it, so reading every column of every row finds any damaged block of data.
"""

from pathlib import Path

import duckdb

from tidegauge_collector.telemetry.faults import StoreRefused, translate_opening
from tidegauge_collector.telemetry.filecopy import OnBytes, copy_file, nobody
from tidegauge_collector.telemetry.opening import STORAGE_VERSION, connect
from tidegauge_collector.telemetry.store import TelemetryStore

READ_MEMORY = "512MB"
Contents = dict[str, tuple[int, str]]


def copy_store(store: TelemetryStore, target: Path, on_bytes: OnBytes = nobody) -> str:
    """Copy the store as it is now to `target`, durably; the copy's SHA-256. Writers wait meanwhile, readers do not.

    Raises StoreRefused where a checkpoint finds no room, OSError where the target's disk refuses.
    """
    with store.at_rest() as path:
        return copy_file(path, target, on_bytes)


def read_through(path: Path) -> Contents:
    """Read all of a file that nobody has open: for each table its rows, and a digest that does not depend on their order.

    Raises StoreDamaged, or what else keeps it from being opened.
    """
    try:
        with duckdb.connect(str(path), read_only=True, config={"memory_limit": READ_MEMORY, "threads": 2}) as reader:
            return _contents(reader, "main")
    except duckdb.Error as error:
        raise translate_opening(error, str(path)) from error


def rewrite(path: Path, target: Path) -> Contents:
    """Write what the store at `path` (nobody has it open) holds into a new file without free blocks; what both hold.

    Raises StoreDamaged, or StoreRefused where the two do not agree: the target is to be thrown away then.
    """
    root, _ = connect(str(path), memory_limit=READ_MEMORY, threads=2, now_us=lambda: 0, heal=False)
    try:
        root.execute("CHECKPOINT")
    finally:
        root.close()
    try:
        with duckdb.connect(config={"memory_limit": READ_MEMORY, "threads": 2}) as writer:
            writer.execute(f"ATTACH {_quoted(path)} AS old (READ_ONLY)")
            writer.execute(f"ATTACH {_quoted(target)} AS new (STORAGE_VERSION '{STORAGE_VERSION}')")
            writer.execute("COPY FROM DATABASE old TO new")
            writer.execute("CHECKPOINT new")
            before, after = _contents(writer, "main", "old"), _contents(writer, "main", "new")
    except duckdb.Error as error:
        raise translate_opening(error, str(path)) from error
    if before != after:
        differing = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        raise StoreRefused(f"telemetry store {path}: its copy {target} differs in {', '.join(differing)}")
    return after


def _contents(connection: duckdb.DuckDBPyConnection, schema: str, database: str | None = None) -> Contents:
    """Rows and digest of each table; DuckDB names no parameters here, so names are quoted."""
    where = "database_name = ?" if database else "database_name = current_database() AND ? IS NULL"
    found = connection.execute(
        f"SELECT table_name FROM duckdb_tables() WHERE schema_name = ? AND {where} ORDER BY 1",  # noqa: S608
        [schema, database],
    ).fetchall()
    prefix = f'"{database}".' if database else ""
    contents: Contents = {}
    for (name,) in found:
        ((rows, digest),) = connection.execute(
            f'SELECT COUNT(*), COALESCE(SUM(hash(one)), 0) FROM {prefix}"{schema}"."{name}" AS one'  # noqa: S608
        ).fetchall()
        contents[name] = (rows, f"{int(digest):x}")
    return contents


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
