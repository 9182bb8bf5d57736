"""The store itself: one DuckDB file, a connection a thread, one writer at a time.

Every query passes through here and leaves as plain rows or numpy arrays. DuckDB turns NaN into NULL on its way in; `arrays` turns
NULL back into NaN (floats) and None (text), so NaN means "none" throughout.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.errors import CollectorError
from tidegauge_collector.telemetry.damage import note_damage
from tidegauge_collector.telemetry.faults import StoreDamaged, StoreRefused, translate
from tidegauge_collector.telemetry.index import Index, load_index
from tidegauge_collector.telemetry.migrations import known_migrations, migrate
from tidegauge_collector.telemetry.opening import MEMORY, connect, connect_to_look
from tidegauge_collector.telemetry.queries import query

Array = npt.NDArray[Any]
Table = Mapping[str, Array]
Tables = Mapping[str, Table]
Rows = list[tuple[Any, ...]]
Parameters = Sequence[Any] | Mapping[str, Any]

_NO_TABLES: Tables = {}
SPARE_BYTES = 16 * 1024 * 1024
"""Free space that a checkpoint must find beside twice the write-ahead log, or a tenth of the file where that is more."""


def _wall_clock_us() -> int:
    return time.time_ns() // 1_000


class TelemetryStore:
    """One store. Any thread may read; writes wait for each other."""

    def __init__(self, root: duckdb.DuckDBPyConnection, path: Path | None, set_aside: tuple[Path, ...]) -> None:
        self.path = path
        self.set_aside = set_aside  # write-ahead logs that could not be replayed: fold again from `log_position`
        self.index = Index()
        self._root = root
        self._cursors: dict[
            int, duckdb.DuckDBPyConnection
        ] = {}  # by thread; a dead thread's cursor serves its number's heir
        self._cursors_lock = threading.Lock()  # guards _cursors and _root
        self._write_lock = threading.RLock()  # one writing transaction at a time
        self._snapshots = threading.local()  # `is_open`: whether this thread reads in one

    @classmethod
    def open(
        cls,
        path: Path | str | None,
        *,
        memory_limit: str = "1GB",
        threads: int = 2,
        now_us: Callable[[], int] = _wall_clock_us,
    ) -> Self:
        """Open (or make) the store at `path`, in memory where None, and bring its tables up to date.

        Raises ConfigError, DataDirectoryLocked, NewerDataError or StoreFatal (see errors.py for what to do next).
        """
        root, set_aside = connect(str(path or MEMORY), memory_limit=memory_limit, threads=threads, now_us=now_us)
        store = cls(root, Path(path) if path else None, set_aside)
        try:
            migrate(root, known_migrations(), path=store.path)
            load_index(store.index, store.rows)
        except duckdb.Error as error:
            store.close()
            raise translate(error, "bringing its tables up to date") from error
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def look(cls, path: Path, *, memory_limit: str = "512MB") -> Self:
        """Open a store that nobody has open for reading only: nothing of it is changed, not even its tables' version."""
        store = cls(connect_to_look(str(path), memory_limit=memory_limit), None, ())
        try:
            load_index(store.index, store.rows)
        except BaseException:
            store.close()
            raise
        return store

    def rows(self, name: str, parameters: Parameters = (), *, tables: Tables = _NO_TABLES) -> Rows:
        """The rows of the query `sql/NAME.sql`; `tables` are numpy columns that it may read by name."""
        with self._executed(name, parameters, tables) as result:
            return result.fetchall()

    def arrays(self, name: str, parameters: Parameters = (), *, tables: Tables = _NO_TABLES) -> dict[str, Array]:
        """The columns of the query, by name. No integer column of it may hold NULL."""
        with self._executed(name, parameters, tables) as result:
            return {column: _unmasked(values) for column, values in result.fetchnumpy().items()}

    def execute(self, name: str, parameters: Parameters = (), *, tables: Tables = _NO_TABLES) -> None:
        """Run a writing query; call it within `write()`."""
        with self._executed(name, parameters, tables) as result:
            result.fetchall()

    @contextmanager
    def write(self) -> Iterator[None]:
        """One writing transaction of this thread: committed whole at the end, or undone."""
        with self._write_lock:
            with self._transaction("writing"):
                yield
                crash_here("write.before_commit")
            crash_here("write.committed")

    @contextmanager
    def folding(self) -> Iterator[Index]:
        """`write()`, and the index's staged entries are kept or forgotten with the transaction."""
        with self._write_lock:
            try:
                with self._transaction("folding"):
                    yield self.index
                    crash_here("fold.before_commit")
            except BaseException:
                self.index.forget()
                raise
            crash_here("fold.committed")
            self.index.keep()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let several reads of this thread see one state; within another it is the same one. Keep it short: it holds up the reuse of
        space."""
        if getattr(self._snapshots, "is_open", False):
            yield
            return
        with self._transaction("reading"):
            self._snapshots.is_open = True
            try:
                yield
            finally:
                self._snapshots.is_open = False

    def healthy(self) -> bool:
        """Whether a real query works now; raises StoreFatal where only a restart helps."""
        try:
            return bool(self.rows("healthy"))
        except StoreRefused:
            return False

    def log_bytes(self) -> int:
        """How long the write-ahead log is; 0 in memory."""
        return 0 if self.path is None else _log_bytes(self.path)

    def has_room(self) -> bool:
        """Whether a checkpoint would find room enough on the disk."""
        return self.path is None or _has_room(self.path)

    def checkpoint(self) -> bool:
        """Move the write-ahead log into the file; False where the disk has too little room to do that safely."""
        with self._write_lock:
            if not self.has_room():
                return False
            crash_here("checkpoint.before")
            with self._executed("checkpoint", (), {}) as result:
                result.fetchall()
            crash_here("checkpoint.done")
            return True

    @contextmanager
    def at_rest(self) -> Iterator[Path]:
        """Hold writers off while the file alone, without a log, is the whole store; its path. Reading goes on.

        Raises StoreRefused where the disk has too little room for the checkpoint, or the store is in memory.
        """
        with self._write_lock:
            if self.path is None:
                raise StoreRefused("telemetry store is in memory: there is no file")
            if not self.checkpoint():
                raise StoreRefused(f"telemetry store {self.path}: too little room for a checkpoint: free disk space")
            yield self.path

    def close(self) -> None:
        """Close all connections; call it in the main thread, when no other uses the store."""
        with self._cursors_lock:
            for cursor in self._cursors.values():
                cursor.close()
            self._cursors.clear()
            self._root.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        thread = threading.get_ident()
        cursor = self._cursors.get(thread)
        if cursor is None:
            with self._cursors_lock:
                cursor = self._cursors[thread] = self._root.cursor()
        return cursor

    @contextmanager
    def _executed(self, name: str, parameters: Parameters, tables: Tables) -> Iterator[duckdb.DuckDBPyConnection]:
        registered = []
        try:
            cursor = self._cursor()
            try:
                for table, columns in tables.items():
                    cursor.register(table, _registered(columns))
                    registered.append(table)
                yield cursor.execute(query(name), parameters)
            finally:
                for table in registered:
                    cursor.unregister(table)
        except duckdb.Error as error:
            raise self._noted(translate(error, f"answering {name}.sql")) from error

    def _noted(self, problem: CollectorError) -> CollectorError:
        """Damage is written down beside the file: it may hide from the next opening, which reads little."""
        if isinstance(problem, StoreDamaged) and self.path is not None:
            note_damage(self.path, str(problem))
        return problem

    @contextmanager
    def _transaction(self, doing: str) -> Iterator[None]:
        try:
            cursor = self._cursor()
            cursor.execute("BEGIN")
            try:
                yield
                cursor.execute("COMMIT")
            except BaseException:
                _roll_back(cursor)
                raise
        except duckdb.Error as error:
            raise self._noted(translate(error, doing)) from error


def _registered(columns: Table) -> dict[str, Array] | pa.Table:
    """Columns as DuckDB takes them: numpy's as they are, with bytes among them as Arrow's."""
    if not any(isinstance(values, pa.Array) for values in columns.values()):
        return dict(columns)
    return pa.table(dict(columns))


def _has_room(path: Path) -> bool:
    """Whether a checkpoint cannot run out of disk, which would invalidate the instance for readers as well."""
    wanted = max(path.stat().st_size // 10, 2 * _log_bytes(path)) + SPARE_BYTES
    return shutil.disk_usage(path.parent).free >= wanted


def _log_bytes(path: Path) -> int:
    try:
        return path.with_name(f"{path.name}.wal").stat().st_size
    except FileNotFoundError:
        return 0


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.execute("ROLLBACK")
    except duckdb.Error as error:
        if "no transaction is active" not in str(error):  # a failed COMMIT has ended it already
            raise


def _unmasked(values: Array) -> Array:
    if not isinstance(values, np.ma.MaskedArray):
        return values
    if values.dtype.kind == "f":
        return values.filled(np.nan)
    if values.dtype.kind == "O":
        plain: Array = values.data.copy()
        plain[np.ma.getmaskarray(values)] = None  # filled(None) would write '?'
        return plain
    return values.filled(0)
