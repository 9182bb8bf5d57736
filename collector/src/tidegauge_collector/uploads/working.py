"""What a request's body holds, as frames in a buffer and the answer to its sender. Runs in a thread, decides nothing about the disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tidegauge.core.baseline import build_baseline
from tidegauge.core.bins import ReferenceBins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.derived import derive, take_over
from tidegauge.core.kinds import infer_kind
from tidegauge.core.outcomes import Outcomes
from tidegauge.core.segments import SegmentNames
from tidegauge.core.windows import clamp_future
from tidegauge.wire.rows import ActualRows, join_labels
from tidegauge_collector.uploads.encoding import FrameEncoder
from tidegauge_collector.uploads.errors import TooLarge, UploadRefused
from tidegauge_collector.uploads.facts import read_ids, read_times
from tidegauge_collector.uploads.formats import NDJSON, Body, read_batches
from tidegauge_collector.uploads.gathering import Gathering, answer_columns
from tidegauge_collector.uploads.meaning import Meaning
from tidegauge_collector.uploads.outcomes import Answers, OutcomeReader, truth_of
from tidegauge_collector.uploads.problems import BatchProblems, Problems
from tidegauge_collector.uploads.redo import FrameBuffer
from tidegauge_collector.uploads.rows import Observed, RowReader
from tidegauge_collector.uploads.values import Column, objects

MAX_BASELINE_VALUES = 50_000_000

Json = dict[str, Any]


@dataclass(frozen=True)
class Known:
    """What the collector knows of a deployment and version: its bins, task, declared segments, and segment names seen."""

    is_new: bool = True
    bins: ReferenceBins | None = None
    task: str = ""
    segments: tuple[str, ...] = ()
    segment_names: SegmentNames = field(default_factory=SegmentNames)


@dataclass(frozen=True)
class Work:
    """One request: where its rows are from, what they mean, whose they are."""

    deployment: str
    body: Body
    meaning: Meaning
    known: Known
    now_us: int

    @property
    def proposes(self) -> bool:
        """Whether what its parameters propose is of use: the deployment is new, or its task is not known."""
        return self.known.is_new or bool(self.meaning.proposal and not self.known.task)

    @property
    def encoder(self) -> FrameEncoder:
        """Makes its frames."""
        meaning = self.meaning
        return FrameEncoder(self.deployment, meaning.version, meaning.role, meaning.batch, self.now_us)


def take_observations(work: Work, frames: FrameBuffer) -> Json:
    """Profile, record and judge the rows of a body; the answer. UploadRefused where it is not taken."""
    meaning, problems, encoder = work.meaning, Problems(), work.encoder
    reader = _reader(work, problems)
    gathering = Gathering(work.known.bins, reader.kinds)
    segments = meaning.segments if meaning.segments is not None else work.known.segments
    if work.proposes:
        frames.add(encoder.proposal(meaning.proposal, meaning.segments or ()))
    counts = {"rows": 0, "predictions": 0, "actuals": 0}
    for rows in _rows(work, reader, problems):
        counts["rows"] += rows.count
        for sealed in gathering.add(rows):
            _put(frames, encoder.window(sealed, work.known.bins))
        records, actuals = rows.records(), rows.actuals()
        if records is not None:
            counts["predictions"] += records.rows
            _put(frames, encoder.records(records))
        if actuals is not None:
            counts["actuals"] += actuals.rows
            _put(frames, encoder.actuals(actuals))
    for sealed in gathering.finish():
        _put(frames, encoder.window(sealed, work.known.bins))
    return {
        "stored": counts["rows"],
        "predictions": counts["predictions"],
        "actuals": counts["actuals"],
        "segments": list(segments),
        "columns_over_limit": max(0, reader.columns_over_limit),
        **_told(reader, problems),
    }


def take_actuals(work: Work, frames: FrameBuffer) -> Json:
    """Read the truth of predictions made earlier."""
    problems, stored = Problems(), 0
    truth = OutcomeReader()
    for batch in read_batches(work.body, problems, list_name="actuals"):
        names = [work.meaning.column(one, batch.columns) for one in ("id", "actual", "time")]
        id_column, value_column, time_column = names
        if id_column is None or value_column is None:
            there = ", ".join(list(batch.columns)[:50])
            raise UploadRefused(
                f"actuals need the columns prediction_id and value: name them with id= and actual=; there are {there}"
            )
        own = BatchProblems(problems, batch.numbers)
        ids, has_id = read_ids(batch.columns[id_column], id_column, own)
        values = truth.values(batch.columns[value_column], value_column, own, is_text=batch.is_text)
        times = np.full(batch.rows, work.now_us, dtype=np.int64)
        if time_column is not None:
            times = read_times(batch.columns[time_column], time_column, own)
        for row in np.flatnonzero(~has_id & ~own.bad).tolist():
            own.add(row, id_column, None, "every actual needs the id of its prediction")
        for row in [i for i, value in enumerate(values) if value is None and not own.bad[i]]:
            own.add(row, value_column, None, "every row needs a value")
        good = own.finish()
        kept = [value for value, is_good in zip(values, good.tolist(), strict=True) if is_good]
        if not problems.bad_rows or work.meaning.skip_bad_rows:
            stored += len(kept)
            if kept:
                rows = ActualRows(ids[good].tobytes(), clamp_future(times, work.now_us)[0][good], truth_of(kept))
                _put(frames, work.encoder.actuals(rows))
    _refuse(work, problems, stored)
    return {"stored": stored, "skipped": problems.bad_rows, "problems": problems.as_json()}


def take_baseline(work: Work, frames: FrameBuffer) -> Json:
    """Make the baseline of the rows, as `baseline()` of an agent does. All of them are in memory: deciles are exact."""
    problems = Problems()
    reader = _reader(work, problems, kinds=False)
    parts = list(_bounded(_rows(work, reader, problems)))
    columns = _joined([part.features for part in parts])
    answers = _join_answers([part.answers for part in parts])
    rows = sum(part.count for part in parts)
    truth = [value for part in parts for value in part.truth or ()]
    if truth and any(value is None for value in truth):
        raise UploadRefused(
            "some rows of the baseline have an actual and some have none: give all, or leave the column out"
        )
    if unknown := sorted(work.meaning.importance.keys() - columns.keys()):
        raise UploadRefused(f"importance names {unknown[0]!r:.140}, which is no feature of the body")
    outcomes = Outcomes(answers.scores, answers.labels, truth_of(truth)) if truth else None
    columns |= answer_columns(answers)
    kinds = {name: reader.kinds.get(name) or infer_kind(values) for name, values in columns.items()}
    known: dict[str, ColumnKind] = {name: kind for name, kind in kinds.items() if kind is not None}
    usable, derived = derive(columns, known)
    known |= derived
    usable = {name: values for name, values in usable.items() if name in known}
    built = build_baseline(usable, known, importance=work.meaning.importance, outcomes=outcomes)
    if work.proposes:
        frames.add(work.encoder.proposal(work.meaning.proposal, ()))
    _put(frames, work.encoder.baseline(built))
    return {"stored": rows, "baseline": built.digest.hex(), **_told(reader, problems)}


def _reader(work: Work, problems: Problems, *, kinds: bool = True) -> RowReader:
    meaning, known = work.meaning, work.known
    found: dict[str, ColumnKind] = {}
    if kinds and known.bins is not None:
        take_over(found, {name: one.kind for name, one in known.bins.columns.items()}, {})
    segments = meaning.segments if meaning.segments is not None else known.segments
    return RowReader(
        meaning,
        problems,
        task=known.task or meaning.proposal.get("task", ""),
        kinds=found,
        segments=(segments, known.segment_names),
        now_us=work.now_us,
    )


def _rows(work: Work, reader: RowReader, problems: Problems) -> Any:
    """The good rows, batch by batch; UploadRefused in the end, where there were bad ones that may not be skipped."""
    stored, is_first = 0, True
    for batch in read_batches(work.body, problems, list_name=work.meaning.target):
        rows = reader.read(batch)
        if is_first and work.body.format != NDJSON:
            reader.check_stated()
        is_first = False
        if not problems.bad_rows or work.meaning.skip_bad_rows:
            stored += rows.count
            yield rows
    _refuse(work, problems, stored)
    reader.check_stated()


def _refuse(work: Work, problems: Problems, stored: int) -> None:
    if not work.meaning.skip_bad_rows:
        problems.refuse()
    if not stored:
        told = problems.as_json()
        raise UploadRefused(f"the body has no row that can be stored, {problems.bad_rows} are wrong", told)


def _told(reader: RowReader, problems: Problems) -> Json:
    columns: dict[str, list[str]] = {}
    for name, meaning in reader.seen.items():
        columns.setdefault(meaning or "unused", []).append(name)
    return {"columns": columns, "skipped": problems.bad_rows, "problems": problems.as_json()}


def _put(frames: FrameBuffer, encoded: Any) -> None:
    for frame in encoded:
        frames.add(frame)


def _bounded(parts: Any) -> Any:
    values = 0
    for part in parts:
        values += part.count * max(1, len(part.features))
        if values > MAX_BASELINE_VALUES:
            raise TooLarge(f"a baseline of more than {MAX_BASELINE_VALUES:,} values: send a random sample of the rows")
        yield part


def _joined(parts: list[Any]) -> dict[str, Column]:
    """Columns one after another; where a part does not have one its values are missing."""
    names = dict.fromkeys(name for part in parts for name in part)
    lengths = [len(next(iter(part.values()))) if part else 0 for part in parts]
    return {
        name: _join([part.get(name, objects([None] * n)) for part, n in zip(parts, lengths, strict=True)])
        for name in names
    }


def _join(values: list[Column]) -> Column:
    kinds = {one.dtype.kind for one in values}
    if len(kinds) == 1 or kinds <= set("iuf"):
        return np.concatenate(values)
    return objects([value for one in values for value in one.tolist()])


def _join_answers(parts: list[Answers]) -> Answers:
    scores = {name: np.concatenate([part.scores[name] for part in parts]) for name in parts[0].scores} if parts else {}
    labels = [part.labels for part in parts if part.labels is not None]
    return Answers(scores, join_labels(labels) if labels else None)


__all__ = ["Known", "Observed", "Work", "take_actuals", "take_baseline", "take_observations"]
