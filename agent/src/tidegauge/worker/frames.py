"""Encode what was gathered as frames of at most 256 KiB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tidegauge.core.baseline import Baseline
from tidegauge.core.bins import ReferenceBins
from tidegauge.core.profile import ColumnProfile
from tidegauge.core.schema import schema_id
from tidegauge.core.sketch import EMPTY
from tidegauge.core.windows import HOUR_US, MINUTE_US, SECOND_US
from tidegauge.settings import AgentSettings
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import encode_moments, encode_profile
from tidegauge.wire.kinds import FrameKind
from tidegauge.wire.rows import ActualRows, RecordRows, encode_actuals, encode_baseline, encode_records, fitting
from tidegauge.wire.splitting import columns_that_fit
from tidegauge.worker.cells import SealedWindow
from tidegauge.worker.outputs import ModelFacts

_ROLES = {"champion": pb.ROLE_CHAMPION, "challenger": pb.ROLE_CHALLENGER, "replay": pb.ROLE_REPLAY}


@dataclass(frozen=True)
class SealedFrame:
    """An encoded frame on its way to the spool; `rows`: predictions or actuals that it completes (0 for copies and service columns)."""

    kind: FrameKind
    payload: bytes
    rows: int = 0


class FrameEncoder:
    """Makes the frames of one deployment and version."""

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings

    def _frame(self, now_us: int) -> pb.Frame:
        chosen = self._settings
        return pb.Frame(
            deployment=chosen.deployment, version=chosen.version, role=_ROLES[chosen.role], sealed_at_us=now_us
        )

    def window(self, sealed: SealedWindow, bins: ReferenceBins | None, now_us: int) -> Iterator[SealedFrame]:
        """Frames of one window's delta; a wide one is split by columns. The second moments are in the first, alone if they must."""
        rows = sealed.counted_rows
        moments = encode_moments(sealed.moments) if sealed.moments is not None else None
        for part in columns_that_fit(sealed.columns, reserved=moments.ByteSize() if moments is not None else 0):
            frame = self._frame(now_us)
            frame.schema_id = schema_id({column.name: column.kind for column in sealed.columns})
            body = frame.profile
            body.window_start_us, body.window_length_s = sealed.key.start_us, HOUR_US // SECOND_US
            body.time_basis = pb.TIME_BASIS_EVENT
            body.segment, body.batch = sealed.key.segment, sealed.key.batch
            body.bins_id = bins.bins_id if bins else b""
            body.window_closed = sealed.closed
            body.clamped_rows = sealed.clamped_rows if rows else 0
            body.columns.extend(map(encode_profile, part))
            if moments is not None:
                body.second_moments.CopyFrom(moments)
            yield SealedFrame(FrameKind.PROFILE, frame.SerializeToString(), rows)
            rows, moments = 0, None

    def minute(self, start_us: int, segment: str, columns: Sequence[ColumnProfile], now_us: int) -> SealedFrame:
        """A frame of one minute's service columns in a segment ("": all traffic)."""
        frame = self._frame(now_us)
        body = frame.profile
        body.window_start_us, body.window_length_s = start_us, MINUTE_US // SECOND_US
        body.time_basis = pb.TIME_BASIS_ARRIVAL
        body.segment = segment
        body.columns.extend(encode_profile(replace(column, sketch=EMPTY)) for column in columns)
        return SealedFrame(FrameKind.PROFILE, frame.SerializeToString())

    def records(self, rows: RecordRows, now_us: int) -> Iterator[SealedFrame]:
        """Frames of predictions with ids."""
        for body in fitting(rows.rows, lambda part: encode_records(rows.part(part))):
            frame = self._frame(now_us)
            frame.records.CopyFrom(body)
            yield SealedFrame(FrameKind.RECORDS, frame.SerializeToString())

    def actuals(self, rows: ActualRows, now_us: int) -> Iterator[SealedFrame]:
        """Frames of actuals."""
        for body in fitting(rows.rows, lambda part: encode_actuals(rows.part(part))):
            frame = self._frame(now_us)
            frame.actuals.CopyFrom(body)
            yield SealedFrame(FrameKind.ACTUALS, frame.SerializeToString(), body.rows)

    def baseline(self, baseline: Baseline, now_us: int) -> Iterator[SealedFrame]:
        """Frames of a baseline, one a part."""
        for part in encode_baseline(baseline):
            frame = self._frame(now_us)
            frame.baseline.CopyFrom(part)
            yield SealedFrame(FrameKind.BASELINE, frame.SerializeToString())

    def event(self, name: str, text: str, now_us: int, *, proposal: pb.DeploymentProposal | None = None) -> SealedFrame:
        """A frame of an event, with the agent's proposal for a new deployment where given."""
        frame = self._frame(now_us)
        frame.event.name, frame.event.text, frame.event.at_us = name, text, now_us
        if proposal is not None:
            frame.event.proposal.CopyFrom(proposal)
        return SealedFrame(FrameKind.EVENT, frame.SerializeToString())

    def announcement(self, facts: ModelFacts, now_us: int) -> SealedFrame:
        """The event that an agent has started, with what it proposes for a deployment that does not exist yet."""
        chosen = self._settings
        proposal = pb.DeploymentProposal(
            task=facts.task,
            positive_class=facts.positive_class or "",
            classes=facts.classes,
            time_zone=chosen.time_zone,
            segment_columns=chosen.segments,
            alerts=chosen.alerts,
        )
        return self.event("agent.started", "", now_us, proposal=proposal)


def with_watermark(frame: SealedFrame, low_watermark_us: int) -> SealedFrame:
    """The frame, saying how far its deployment is complete."""
    message = pb.Frame(low_watermark_us=low_watermark_us)
    return replace(frame, payload=frame.payload + message.SerializeToString())  # the last value of a field wins
