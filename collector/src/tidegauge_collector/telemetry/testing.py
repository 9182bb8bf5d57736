"""Builders of frames and fold entries for tests: what an agent would have sent, in one line each."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field

import numpy as np

from tidegauge.core.ids import digest_ids
from tidegauge.core.moments import SecondMoments
from tidegauge.core.outcomes import NO_LABEL, Labels, Truth, encode_labels, encode_truth
from tidegauge.core.profile import ColumnProfile
from tidegauge.core.windows import HOUR_US, Window
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import encode_moments, encode_profile
from tidegauge.wire.rows import ActualRows, RecordRows, encode_actuals, encode_records
from tidegauge_collector.telemetry.fold import FoldEntry
from tidegauge_collector.telemetry.judgements import COLUMNS, Judgement
from tidegauge_collector.telemetry.merge import columns_of
from tidegauge_collector.telemetry.store import Table

HOUR = Window(0, HOUR_US)


@dataclass(slots=True)
class Sender:
    """One epoch: numbers frames without holes. `received_us` is the collector's clock, a second on with every frame."""

    epoch: bytes = b"\x01" * 16
    received_us: int = 1_000_000
    seq: int = 0

    def send(self, frame: pb.Frame, *, closed: bool = False) -> FoldEntry:
        """The entry of the next frame (or gap, whose range is taken as lost next)."""
        first = self.seq + 1
        lost = frame.gap.last_seq - frame.gap.first_seq if frame.HasField("gap") else 0
        self.seq = first + lost
        self.received_us += 1_000_000
        return FoldEntry(self.epoch, first, self.seq, self.received_us, closed, frame)


@dataclass(frozen=True, slots=True)
class Source:
    """Whose telemetry a frame is."""

    deployment: str = "flights"
    version: str = "1"
    role: int = pb.ROLE_CHAMPION
    segment: str = ""
    batch: str = ""
    low_watermark_us: int = 0


def profile_frame(
    columns: Sequence[ColumnProfile],
    window: Window = HOUR,
    *,
    source: Source = Source(),
    bins_id: bytes = b"",
    arrival: bool = False,
    moments: SecondMoments | None = None,
) -> pb.Frame:
    """A profile of some columns in a window, in event time unless `arrival`."""
    frame = _frame(source)
    frame.profile.CopyFrom(
        pb.Profile(
            window_start_us=window.start_us,
            window_length_s=window.length_s,
            time_basis=pb.TIME_BASIS_ARRIVAL if arrival else pb.TIME_BASIS_EVENT,
            segment=source.segment,
            batch=source.batch,
            bins_id=bins_id,
            columns=map(encode_profile, columns),
            second_moments=None if moments is None else encode_moments(moments),
        )
    )
    return frame


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model answered: one entry a row in each that is not empty. `outputs` are scores by name."""

    scores: Sequence[float] = ()
    labels: Sequence[str] = ()
    segments: Sequence[tuple[str, ...]] = ()
    outputs: dict[str, Sequence[float]] = field(default_factory=dict)


def records_frame(
    ids: Sequence[object],
    event_us: Sequence[int],
    answers: Answers,
    *,
    source: Source = Source(),
) -> pb.Frame:
    """Predictions with ids; arrival = event time."""
    times = np.array(event_us, dtype=np.int64)
    outputs = {name: np.array(values, dtype=np.float64) for name, values in answers.outputs.items()}
    if len(answers.scores):
        outputs[""] = np.array(answers.scores, dtype=np.float64)
    sets = tuple(dict.fromkeys(answers.segments))
    codes = np.array([sets.index(one) for one in answers.segments] or [0] * len(ids), dtype=np.uint32)
    labels = (
        encode_labels(answers.labels) if len(answers.labels) else Labels((), np.full(len(ids), NO_LABEL, np.uint32))
    )
    rows = RecordRows(digest_ids(ids), times, times, outputs, labels, sets, codes, source.batch)
    frame = _frame(source)
    frame.records.CopyFrom(encode_records(rows))
    return frame


def actuals_frame(
    ids: Sequence[object],
    values: Sequence[object],
    actual_us: Sequence[int],
    *,
    source: Source = Source(),
) -> pb.Frame:
    """The truth for some ids: numbers, or labels."""
    truth: Truth = encode_truth(values)
    frame = _frame(source)
    frame.actuals.CopyFrom(encode_actuals(ActualRows(digest_ids(ids), np.array(actual_us, dtype=np.int64), truth)))
    return frame


def gap_frame(first_seq: int, last_seq: int, reason: str, rows: int = 0) -> pb.Frame:
    """Numbers that will never come."""
    return pb.Frame(gap=pb.Gap(first_seq=first_seq, last_seq=last_seq, reason=reason, rows=rows))


def event_frame(name: str, at_us: int, *, source: Source = Source(), **attributes: str) -> pb.Frame:
    """Something that happened."""
    frame = _frame(source)
    frame.event.CopyFrom(pb.Event(name=name, at_us=at_us, attributes=attributes))
    return frame


def _frame(source: Source) -> pb.Frame:
    return pb.Frame(
        deployment=source.deployment,
        version=source.version,
        role=source.role,  # type: ignore[arg-type]
        low_watermark_us=source.low_watermark_us,
    )


def judgement_columns(*judged: Judgement) -> list[Table]:
    """Judgements as `append_judgements` takes them."""
    none = {str: "", np.int64: -1, np.float64: np.nan}
    rows = [
        tuple(
            none[kind] if value is None else value for kind, value in zip(COLUMNS.values(), astuple(one), strict=True)
        )
        for one in judged
    ]
    return [columns_of(rows, COLUMNS)]
