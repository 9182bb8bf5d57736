"""Frames of at most 256 KiB of what a request holds: the same that an agent would send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tidegauge.core.baseline import Baseline
from tidegauge.core.bins import ReferenceBins
from tidegauge.core.schema import schema_id
from tidegauge.core.windows import HOUR_US, MINUTE_US, SECOND_US
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import encode_moments, encode_profile
from tidegauge.wire.rows import ActualRows, RecordRows, encode_actuals, encode_baseline, encode_records, fitting
from tidegauge.wire.splitting import columns_that_fit
from tidegauge_collector.uploads.gathering import SealedWindow

_ROLES = {"champion": pb.ROLE_CHAMPION, "challenger": pb.ROLE_CHALLENGER, "replay": pb.ROLE_REPLAY}


@dataclass(frozen=True)
class FrameEncoder:
    """Makes the frames of one request."""

    deployment: str
    version: str
    role: str
    batch: str
    now_us: int

    def _frame(self) -> pb.Frame:
        return pb.Frame(
            deployment=self.deployment, version=self.version, role=_ROLES[self.role], sealed_at_us=self.now_us
        )

    def proposal(self, options: Mapping[str, str], segments: tuple[str, ...]) -> bytes:
        """The event that opens a deployment, with what is proposed for it while it does not exist."""
        frame = self._frame()
        frame.event.name, frame.event.at_us = "upload.proposed", self.now_us
        frame.event.proposal.CopyFrom(pb.DeploymentProposal(**options, segment_columns=segments))
        return frame.SerializeToString()

    def window(self, sealed: SealedWindow, bins: ReferenceBins | None) -> Iterator[bytes]:
        """Frames of one window's delta; a wide one is split by columns, the second moments are in the first."""
        moments = encode_moments(sealed.moments) if sealed.moments is not None else None
        for part in columns_that_fit(sealed.columns, reserved=moments.ByteSize() if moments is not None else 0):
            frame = self._frame()
            body = frame.profile
            body.segment = sealed.key.segment
            body.window_start_us = sealed.key.start_us
            if sealed.key.is_service:
                body.window_length_s, body.time_basis = MINUTE_US // SECOND_US, pb.TIME_BASIS_ARRIVAL
            else:
                frame.schema_id = schema_id({column.name: column.kind for column in sealed.columns})
                body.window_length_s, body.time_basis = HOUR_US // SECOND_US, pb.TIME_BASIS_EVENT
                body.batch, body.bins_id = self.batch, bins.bins_id if bins else b""
                body.window_closed = True
            body.clamped_rows = sealed.clamped_rows
            body.columns.extend(map(encode_profile, part))
            if moments is not None:
                body.second_moments.CopyFrom(moments)
            yield frame.SerializeToString()
            moments, sealed = None, replace(sealed, clamped_rows=0)

    def records(self, rows: RecordRows) -> Iterator[bytes]:
        """Frames of predictions with ids."""
        for body in fitting(rows.rows, lambda part: encode_records(rows.part(part))):
            frame = self._frame()
            frame.records.CopyFrom(body)
            yield frame.SerializeToString()

    def actuals(self, rows: ActualRows) -> Iterator[bytes]:
        """Frames of truth."""
        for body in fitting(rows.rows, lambda part: encode_actuals(rows.part(part))):
            frame = self._frame()
            frame.actuals.CopyFrom(body)
            yield frame.SerializeToString()

    def baseline(self, baseline: Baseline) -> Iterator[bytes]:
        """Frames of a baseline, one a part."""
        for part in encode_baseline(baseline):
            frame = self._frame()
            frame.baseline.CopyFrom(part)
            yield frame.SerializeToString()
