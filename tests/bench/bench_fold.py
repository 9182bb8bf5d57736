"""The fold beside DuckDB's own bulk insert of as many ready-made rows, in turns: run `python tests/bench/bench_fold.py`.

Prints stored rows (cells and bins) per second from parsed profile frames of 25 columns, records per second from frames of 1,000 and
5,000 rows, and the join of actuals to ten times as many predictions beside a bare DuckDB join of the same rows.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np

from tidegauge.core.bins import numeric_bins
from tidegauge.core.columns import NumericValues
from tidegauge.core.ids import digest_ids
from tidegauge.core.moments import SecondMoments
from tidegauge.core.outcomes import NO_LABEL, Labels, Truth
from tidegauge.core.profile import profile_numeric
from tidegauge.core.sketch import EMPTY
from tidegauge.core.windows import MINUTE_US, Window
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.rows import ActualRows, RecordRows, encode_actuals, encode_records
from tidegauge_collector.telemetry.fold import FoldEntry, LogPosition, fold
from tidegauge_collector.telemetry.joined import joined
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Sender, profile_frame

ROUNDS = 5
HERE = LogPosition(b"log", 1)
PREDICTIONS = 10_000_000


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turns(*works: Callable[[], object]) -> list[float]:
    """The least seconds of each piece of work, run one after another, several times."""
    rounds = [[seconds(work) for work in works] for _ in range(ROUNDS)]
    return [min(column) for column in zip(*rounds, strict=True)]


def fold_all(store: TelemetryStore, entries: Sequence[FoldEntry]) -> None:
    """Fold entries that are new, in the order of their numbers: passing over known ones would measure nothing."""
    result = fold(store, entries, HERE)
    if result.folded != len(entries):
        raise RuntimeError(f"{result.folded} of {len(entries)} frames were folded: the figure would be of skipped ones")


def profile_entries(frames: int, *, sketches: bool, moments: bool) -> Callable[[], list[FoldEntry]]:
    """Each call: the next `frames` frames of one sender, each of a minute of its own: 60-second deltas, or closing ones with sketches or
    second moments."""
    generator = np.random.default_rng(1)
    columns = []
    for i in range(25):
        bins = numeric_bins(f"feature_{i}", np.sort(generator.normal(size=1_000)))
        profile = profile_numeric(bins.name, NumericValues(generator.normal(size=500), 0, 0, 0), bins)
        columns.append(profile if sketches else replace(profile, sketch=EMPTY))
    names = tuple(one.name for one in columns)
    second = SecondMoments(names, 500, generator.normal(size=25), generator.normal(size=325)) if moments else None
    sender = Sender()

    def entries() -> list[FoldEntry]:
        windows = [Window(i * MINUTE_US, (i + 1) * MINUTE_US) for i in range(frames)]
        made = [profile_frame(columns, window, bins_id=b"b" * 16, moments=second) for window in windows]
        return [sender.send(frame) for frame in made]

    return entries


def record_frame(start: int, rows: int) -> pb.Frame:
    ids = digest_ids(range(start, start + rows))
    times = np.arange(start, start + rows, dtype=np.int64)
    labels = Labels(("late", "on time"), np.arange(rows, dtype=np.uint32) % 2)
    codes = np.zeros(rows, dtype=np.uint32)
    records = RecordRows(ids, times, times, {"": times / 1e9}, labels, (("carrier=UA",),), codes)
    return pb.Frame(deployment="flights", version="1", role=pb.ROLE_CHAMPION, records=encode_records(records))


def actuals_frame(start: int, rows: int) -> pb.Frame:
    truth = Truth(np.arange(rows) % 2 * 1.0, Labels((), np.full(rows, NO_LABEL, dtype=np.uint32)))
    times = np.arange(rows, dtype=np.int64)
    actuals = ActualRows(digest_ids(range(start, start + 10 * rows, 10)), times, truth)
    return pb.Frame(deployment="flights", version="1", actuals=encode_actuals(actuals))


def bulk_insert(path: Path, columns: Sequence[str], rows: int) -> Callable[[], object]:
    """DuckDB alone: as many rows from ready numpy columns, committed."""
    connection = duckdb.connect(str(path), config={"threads": 2})
    connection.execute(f"CREATE TABLE plain ({', '.join(f'c{i} {kind}' for i, kind in enumerate(columns))})")
    types = {"BIGINT": np.int64, "DOUBLE": np.float64, "INTEGER": np.int32, "UBIGINT": np.uint64}
    table = {f"c{i}": np.arange(rows, dtype=types[kind]) for i, kind in enumerate(columns)}

    def work() -> None:
        connection.register("ready", table)
        connection.execute("INSERT INTO plain SELECT * FROM ready")
        connection.unregister("ready")

    return work


def report(what: str, rows: int, ours_s: float, yardstick: str, theirs_s: float) -> None:
    print(
        f"{what}: {rows / ours_s:,.0f} rows/s; {yardstick}: {rows / theirs_s:,.0f} rows/s; {ours_s / theirs_s:.1f}x its time"
    )


def bench_profiles(root: Path, *, sketches: bool = False, moments: bool = False, frames: int = 800) -> None:
    with TelemetryStore.open(root / f"profiles-{sketches}-{moments}.duckdb") as store:
        entries = profile_entries(frames, sketches=sketches, moments=moments)
        batches = [entries() for _ in range(ROUNDS)]
        rows = sum(1 + used_bins(column) for one in batches[0] for column in one.frame.profile.columns)
        kinds = ["INTEGER", "BIGINT", "INTEGER", "BIGINT", "BIGINT"]
        plain = bulk_insert(root / f"plain-{sketches}-{moments}.duckdb", kinds, rows)
        ours, theirs = in_turns(lambda: fold_all(store, batches.pop(0)), plain)
    more = ", and a sketch of 256 points a cell" if sketches else ", and second moments a frame" if moments else ""
    what = f"fold, cells and bins{more}"
    report(what, rows, ours, "DuckDB insert of 5 numbers", theirs)


def used_bins(column: pb.ColumnProfile) -> int:
    """The rows of `bins` that a column makes: empty bins are not stored."""
    return int(np.count_nonzero(np.frombuffer(column.bin_counts, dtype="<u8")))


def bench_records(root: Path, rows: int, frames: int) -> None:
    with TelemetryStore.open(root / f"records-{rows}.duckdb") as store:
        sender, made = Sender(), [record_frame(i * rows, rows) for i in range(frames)]
        batches = [[sender.send(frame) for frame in made] for _ in range(ROUNDS)]
        kinds = ["UBIGINT", "UBIGINT", "BIGINT", "BIGINT", "BIGINT", "DOUBLE", "INTEGER", "INTEGER", "BIGINT"]
        plain = bulk_insert(root / f"plain-{rows}.duckdb", kinds, rows * frames)
        ours, theirs = in_turns(lambda: fold_all(store, batches.pop(0)), plain)
    report(f"fold, records of {rows:,} a frame", rows * frames, ours, "DuckDB insert of 9 numbers", theirs)


def bench_join(root: Path) -> None:
    path = root / "join.duckdb"
    with TelemetryStore.open(path) as store:
        sender, step = Sender(), 5_000
        for start in range(0, PREDICTIONS, step * 40):
            fold_all(store, [sender.send(record_frame(start + i * step, step)) for i in range(40)])
        for start in range(0, PREDICTIONS, step * 10):
            fold_all(store, [sender.send(actuals_frame(start, step))])
        store.checkpoint()
    yardstick = duckdb.connect(":memory:", config={"threads": 2})
    yardstick.execute(f"ATTACH '{path}' AS t (READ_ONLY)")
    for table in ("predictions", "actuals"):
        yardstick.execute(f"CREATE TABLE {table} AS FROM t.{table}")
    yardstick.execute("DETACH t")
    bare = (
        "SELECT p.event_us, p.score, p.label, a.value, a.actual_us FROM predictions AS p JOIN actuals AS a "
        "ON p.id_high = a.id_high AND p.id_low = a.id_low"
    )
    with TelemetryStore.open(path) as store:
        ours, theirs = in_turns(
            lambda: joined(store, "flights", version="1", segment="", start_us=0, end_us=10**15),
            lambda: yardstick.execute(bare).fetchnumpy(),
        )
    report(f"join of {PREDICTIONS // 10:,} actuals to predictions", PREDICTIONS, ours, "bare join in memory", theirs)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        bench_profiles(root)
        bench_profiles(root, sketches=True)
        bench_profiles(root, moments=True)
        bench_records(root, 1_000, 300)
        bench_records(root, 5_000, 60)
        bench_join(root)


if __name__ == "__main__":
    main()
