"""Frames of a fleet: profiles counted once by the agent's core and encoded by its codec, then given names and times cheaply.

A protobuf message may be written in pieces: fields of later pieces are added to, or replace, those of earlier ones. So a frame is
    head (deployment, version, times) + body (the columns, made once) + tail (the window)
and the collector parses what an agent would have sent, at the price of joining three byte strings here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tidegauge.core.baseline import build_baseline
from tidegauge.core.bins import NumericBins
from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.moments import SecondMoments, second_moments, standard_of
from tidegauge.core.profile import ColumnProfile, profile_categories, profile_numeric
from tidegauge.core.schema import schema_id
from tidegauge.core.sketch import DELTA_POINTS, EMPTY, merge_sketches
from tidegauge.core.windows import HOUR_US, MINUTE_US, SECOND_US
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import encode_moments, encode_profile
from tidegauge.wire.rows import encode_baseline

ROWS = 500  # of the service in one minute
BASELINE_ROWS = 190
"""Fewer than a real one has: its sketches would be 1 MB a deployment, and they are no part of the steady flow."""
VARIANTS = 8
VERSION = "2026-11"
CLOSING_EVERY = 60  # minutes; the frame that closes an hour carries the hour's sketches and second moments
NAMES = np.array([f"category-{i}" for i in range(12)])


@dataclass(frozen=True, slots=True)
class Minute:
    """What a deployment's agent seals for one minute: the hour it belongs to, how far time has come, whether it closes the hour."""

    hour_us: int
    watermark_us: int
    closes: bool


def minute_of(number: int, begin_us: int, phase: int) -> Minute:
    """The minute of an agent's frame `number` (from 0); `phase` shifts the closing of hours between agents."""
    minutes = number + phase
    start_us = begin_us + minutes * MINUTE_US
    closes = minutes % CLOSING_EVERY == CLOSING_EVERY - 1
    return Minute(start_us - start_us % HOUR_US, start_us + MINUTE_US, closes)


class FrameMaker:
    """Bodies for `columns` columns, four numeric ones to one categorical."""

    def __init__(self, columns: int, seed: int = 7) -> None:
        self._generator = np.random.default_rng(seed)
        self._kinds = {
            f"feature_{i:03d}": ColumnKind.CATEGORICAL if i % 5 == 4 else ColumnKind.NUMERIC for i in range(columns)
        }
        self.baseline = build_baseline(self._table(BASELINE_ROWS), self._kinds)
        tables = [self._table(ROWS) for _ in range(VARIANTS)]
        made = [self._profiles(table) for table in tables]
        moments = second_moments(tables[0], ROWS, standard_of(self.baseline.bins))
        self._deltas = [self._body([replace(one, sketch=EMPTY) for one in profiles]) for profiles in made]
        self._closings = [self._body(_with_sketches_of_an_hour(i, made), moments) for i in range(VARIANTS)]
        self._baseline = [pb.Frame(baseline=part).SerializeToString() for part in encode_baseline(self.baseline)]

    @property
    def sizes(self) -> tuple[int, int]:
        """Bytes of a minute's frame and of one that closes an hour."""
        return len(self._deltas[0]), len(self._closings[0])

    def profile(self, deployment: str, number: int, minute: Minute, now_us: int) -> bytes:
        """Frame `number` of a deployment's agent."""
        bodies = self._closings if minute.closes else self._deltas
        head = _head(deployment, now_us, minute.watermark_us)
        tail = pb.Frame(profile=pb.Profile(window_start_us=minute.hour_us)).SerializeToString()
        return head + bodies[number % VARIANTS] + tail

    def first(self, deployment: str, now_us: int) -> list[bytes]:
        """What an agent says before anything else: that it has started, and its baseline."""
        proposal = pb.DeploymentProposal(task="regression", time_zone="UTC", alerts="live")
        started = pb.Frame(event=pb.Event(name="agent.started", at_us=now_us, proposal=proposal)).SerializeToString()
        return [_head(deployment, now_us) + body for body in (started, *self._baseline)]

    def _table(self, rows: int) -> dict[str, np.ndarray]:
        return {
            name: self._generator.choice(NAMES, rows)
            if kind is ColumnKind.CATEGORICAL
            else self._generator.normal(size=rows)
            for name, kind in self._kinds.items()
        }

    def _profiles(self, table: dict[str, np.ndarray]) -> list[ColumnProfile]:
        profiles = []
        for name, values in table.items():
            bins = self.baseline.bins.columns[name]
            if isinstance(bins, NumericBins):
                profiles.append(profile_numeric(name, numeric_values(values), bins))
            else:
                profiles.append(profile_categories(name, category_counts(values, ColumnKind.CATEGORICAL), bins))
        return profiles

    def _body(self, profiles: Sequence[ColumnProfile], moments: SecondMoments | None = None) -> bytes:
        body = pb.Profile(
            window_length_s=HOUR_US // SECOND_US,
            time_basis=pb.TIME_BASIS_EVENT,
            bins_id=self.baseline.bins.bins_id,
            window_closed=moments is not None,
            columns=map(encode_profile, profiles),
            second_moments=encode_moments(moments) if moments is not None else None,
        )
        return pb.Frame(schema_id=schema_id(self._kinds), profile=body).SerializeToString()


def _with_sketches_of_an_hour(variant: int, made: Sequence[Sequence[ColumnProfile]]) -> list[ColumnProfile]:
    """The delta of one minute, with sketches as of the 60 minutes before."""
    hours = zip(*(made[minute % VARIANTS] for minute in range(CLOSING_EVERY)), strict=True)
    sketches = [merge_sketches([one.sketch for one in column], DELTA_POINTS) for column in hours]
    return [replace(one, sketch=sketch) for one, sketch in zip(made[variant], sketches, strict=True)]


def _head(deployment: str, now_us: int, watermark_us: int = 0) -> bytes:
    return pb.Frame(
        deployment=deployment,
        version=VERSION,
        role=pb.ROLE_CHAMPION,
        sealed_at_us=now_us,
        low_watermark_us=watermark_us,
    ).SerializeToString()
