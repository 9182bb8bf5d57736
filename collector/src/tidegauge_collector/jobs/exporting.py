"""An export as Parquet: into a folder, or as a stream of bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from tidegauge.core.windows import Window
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.telemetry.exporting import KINDS, SCHEMAS, export
from tidegauge_collector.telemetry.store import TelemetryStore

OnProgress = Callable[[str, int, int], None]
COMPRESSION = "zstd"


def export_to(
    store: TelemetryStore,
    deployment: str,
    folder: Path,
    *,
    what: Sequence[str],
    window: Window,
    on_progress: OnProgress,
) -> dict[str, int]:
    """Write `KIND.parquet` for each kind into a folder; the rows of each. Raises ConfigError where that would overwrite or is unknown.

    A file gets its name when it is whole.
    """
    _check(store, deployment, folder, what)
    return {kind: _write(store, deployment, folder / f"{kind}.parquet", kind, window, on_progress) for kind in what}


def stream(store: TelemetryStore, deployment: str, what: str, window: Window) -> Iterator[bytes]:
    """The Parquet file of one kind in pieces, made as they are taken."""
    sink = _Sink()
    with pq.ParquetWriter(sink, SCHEMAS[what], compression=COMPRESSION) as writer:
        for part in export(store, deployment, what, window):
            writer.write_table(part.table)
            yield sink.take()
    yield sink.take()


def _write(
    store: TelemetryStore, deployment: str, path: Path, kind: str, window: Window, on_progress: OnProgress
) -> int:
    partial, rows = path.with_name(f"{path.name}.partial"), 0
    start, end = None, _last(store, deployment, window)
    with pq.ParquetWriter(partial, SCHEMAS[kind], compression=COMPRESSION) as writer:
        for part in export(store, deployment, kind, window):
            writer.write_table(part.table)
            rows += part.table.num_rows
            start = part.until_us if start is None else start
            on_progress(kind, part.until_us - start, max(end - start, part.until_us - start, 1))
    partial.rename(path)
    return rows


def _check(store: TelemetryStore, deployment: str, folder: Path, what: Sequence[str]) -> None:
    unknown = [kind for kind in what if kind not in KINDS]
    if unknown:
        raise ConfigError(f"--what {unknown[0]}: write some of {', '.join(KINDS)}, separated by commas")
    if deployment not in store.index.deployments.known:
        raise ConfigError(f"deployment {deployment!r:.140} is not stored here: nothing to export")
    taken = [kind for kind in what if (folder / f"{kind}.parquet").exists()]
    if taken:
        raise ConfigError(f"{folder / taken[0]}.parquet exists already: give another --to-dir")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ConfigError(f"--to-dir {folder}: cannot be made ({problem.strerror}): give another") from problem


def _last(store: TelemetryStore, deployment: str, window: Window) -> int:
    """The end of the range, or of what there is of it."""
    spans = [one.last.end_us for (name, _), one in list(store.index.spans.windows.items()) if name == deployment]
    return min(window.end_us, max(spans, default=window.end_us))


class _Sink:
    """A file of which whoever reads takes away what was written so far."""

    closed = False

    def __init__(self) -> None:
        self._written: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> int:
        piece = bytes(data)
        self._written.append(piece)
        self._size += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def take(self) -> bytes:
        taken, self._written = b"".join(self._written), []
        return taken
