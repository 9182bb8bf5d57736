"""The collector's own figures for `/metrics`: what came in, what was folded and judged, what is waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tidegauge_collector import __version__
from tidegauge_collector.access import Access
from tidegauge_collector.api.exposition import Sample, exposition
from tidegauge_collector.control import ControlStore
from tidegauge_collector.ingest.figures import families
from tidegauge_collector.ingest.service import TelemetryService
from tidegauge_collector.jobs.backlog import Backlog
from tidegauge_collector.jobs.folding import Folding
from tidegauge_collector.jobs.judging import Judging
from tidegauge_collector.jobs.keeping import Keeping
from tidegauge_collector.jobs.telling import Telling
from tidegauge_collector.notify import OutboxSender
from tidegauge_collector.notify.figures import channel_families
from tidegauge_collector.upkeep.disk import disk_families
from tidegauge_collector.upkeep.figures import store_families
from tidegauge_collector.upkeep.housekeeping import Housekeeping

Family = tuple[str, str, str, Iterable[Sample]]


@dataclass(frozen=True)
class Figures:
    """Where the figures come from."""

    control: ControlStore
    service: TelemetryService
    folding: Folding
    judging: Judging
    telling: Telling
    sender: OutboxSender
    access: Access
    backlog: Backlog
    keeping: Keeping
    housekeeping: Housekeeping
    now_us: Callable[[], int]
    started_us: int

    def text(self) -> str:
        """All figures in the Prometheus text format."""
        now_us = self.now_us()
        seen = self.service.agents.epochs()
        alerts = self.control.alert_figures()
        ingest = self.service.counters.snapshot()
        return exposition(
            [
                ("tidegauge_info", "gauge", "Version of the collector.", [({"version": __version__}, 1.0)]),
                (
                    "tidegauge_uptime_seconds",
                    "gauge",
                    "Time since the start.",
                    [({}, (now_us - self.started_us) / 1e6)],
                ),
                ("tidegauge_ingest_total", "counter", "What the intake did, by thing and reason.", _pairs(ingest)),
                *families(self.service, backlog_bytes=self.backlog.size_bytes(), lag_s=self.backlog.lag_s()),
                (
                    "tidegauge_fold_total",
                    "counter",
                    "Frames by what the fold did with them.",
                    _named(self.folding.counts, "outcome"),
                ),
                (
                    "tidegauge_fold_caught_up",
                    "gauge",
                    "1 while nothing in the frame log waits.",
                    [({}, float(self.folding.caught_up))],
                ),
                (
                    "tidegauge_judging_total",
                    "counter",
                    "Judgements and transitions.",
                    _named(self.judging.counts, "outcome"),
                ),
                (
                    "tidegauge_retention_removed_total",
                    "counter",
                    "Windows and rows that were older than their kind is kept, by kind; minutes have become hours.",
                    _named(self.keeping.removed, "kind"),
                ),
                (
                    "tidegauge_epochs_live",
                    "gauge",
                    "Epochs heard of within 5 minutes.",
                    [({}, float(sum(one.is_live(now_us) for one in seen)))],
                ),
                (
                    "tidegauge_alerts_firing",
                    "gauge",
                    "Open alerts by deployment.",
                    _named(alerts.firing, "deployment"),
                ),
                (
                    "tidegauge_alerts_open",
                    "gauge",
                    "Open alerts by severity and whether somebody acknowledged them.",
                    [
                        ({"severity": severity, "acknowledged": "yes" if is_acknowledged else "no"}, float(n))
                        for (severity, is_acknowledged), n in sorted(alerts.open.items())
                    ],
                ),
                *_durations("tidegauge_alert_time_to_acknowledge_seconds", "acknowledged", alerts.acknowledged),
                *_durations("tidegauge_alert_time_to_resolve_seconds", "resolved", alerts.resolved),
                (
                    "tidegauge_telling_total",
                    "counter",
                    "Messages that threads made, and what failed in making them.",
                    _named(self.telling.counts, "outcome"),
                ),
                *channel_families(self.control.talks.figures(), self.sender, now_us),
                *self.access.families(),
                *disk_families(self.housekeeping.data),
                *store_families(self.housekeeping, now_us),
            ]
        )


def _durations(name: str, what: str, of: tuple[int, float]) -> Iterable[Family]:
    """How many alerts that happened to, and how long it took in all: their quotient is the mean."""
    count, seconds = of
    yield f"{name}_sum", "counter", f"Time from opened to {what}, over all alerts.", [({}, seconds)]
    yield f"{name}_count", "counter", f"Alerts that were {what}.", [({}, float(count))]


def _pairs(counts: Mapping[tuple[str, str], int]) -> Iterable[Sample]:
    return [({"thing": thing, "reason": reason}, float(n)) for (thing, reason), n in sorted(counts.items())]


def _named(counts: Mapping[str, int], label: str) -> Iterable[Sample]:
    return [({label: name}, float(n)) for name, n in sorted(counts.items())]
