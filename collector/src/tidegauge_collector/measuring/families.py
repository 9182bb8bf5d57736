"""Every metric that is measured, in families that are measured alike: the one table that REST, monitors, back-tests and commands read.

A new metric of a family is here without a line; a new family is one line of `FAMILIES`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tidegauge.core.columns import ACTUAL, ColumnKind
from tidegauge_collector.control import Deployment
from tidegauge_collector.core.blocks import block_of
from tidegauge_collector.core.drift import DIVERGENCES
from tidegauge_collector.core.fairness import PROPORTIONS
from tidegauge_collector.core.judging import Observation
from tidegauge_collector.core.metrics import ESTIMATED, LAG_QUANTILES, REPEATED, SHARED
from tidegauge_collector.core.monitor_problems import Block
from tidegauge_collector.core.observations import Observations
from tidegauge_collector.core.spread import Spread
from tidegauge_collector.measuring import (
    accuracy,
    custom,
    drift,
    drifted,
    fairness,
    quality,
    reconstruction,
    schema,
    service,
    volumes,
)
from tidegauge_collector.measuring.accuracy import AccuracyMeter
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.custom import custom_names, measure_custom
from tidegauge_collector.measuring.drift import DriftsRead, actual_drift, as_measurement, column_drift
from tidegauge_collector.measuring.drifted import measure_drifted
from tidegauge_collector.measuring.drifts import COUNTED_METRICS
from tidegauge_collector.measuring.fairness import Question, measure_fairness
from tidegauge_collector.measuring.gauged import Scope
from tidegauge_collector.measuring.labelled import THRESHOLD
from tidegauge_collector.measuring.learning import Learning
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.measuring.quality import measure_quality
from tidegauge_collector.measuring.reconstruction import measure_reconstruction, spread_of_blocks
from tidegauge_collector.measuring.schema import measure_schema
from tidegauge_collector.measuring.service import ServiceQuestion, measure_service, quantile_of
from tidegauge_collector.measuring.singlerows import SingleRows
from tidegauge_collector.measuring.volumes import measure_volumes
from tidegauge_collector.telemetry.store import TelemetryStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What is asked of a metric: in which scope, of which columns (None: every feature and the prediction; `_actual` only by name), of
    which class or groups. `judged`: for a verdict, where accuracy stands back behind an AUC. `rows`: where single rows are read once for
    several questions.
    """

    store: TelemetryStore
    deployment: Deployment
    scope: Scope
    active: ActiveBaseline | None
    kinds: Mapping[str, ColumnKind]
    columns: Collection[str] | None = None
    of_class: str | None = None
    threshold: float = THRESHOLD
    question: Question = field(default_factory=Question)
    service: ServiceQuestion = field(default_factory=ServiceQuestion)
    judged: bool = False
    rows: SingleRows | None = None

    @property
    def watched(self) -> list[str]:
        """The columns that nobody has excluded."""
        return [name for name in self.kinds if not self.deployment.leaves_out(name)]

    def meter(self) -> AccuracyMeter:
        """What measures accuracy here."""
        return AccuracyMeter(
            self.store,
            self.deployment,
            self.active,
            of_class=self.of_class,
            threshold=self.threshold,
            rows=self.rows,
        )


Measure = Callable[[Inquiry, str], Iterator[Measurement]]
Observed = tuple[Sequence[Observations], Sequence[Measurement]]
Observe = Callable[[Inquiry, str], Observed]
Learn = Callable[[Learning, Inquiry, ActiveBaseline, Observation], Spread | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Metrics that are measured alike.

    `tested`: those of which chance can be told (`significance`); `rates`: shares of the n, whose chance has an exact test; `of_columns`:
    of columns, those seen in production or `columns`; `by_group`: of groups; `by_arrival`: in windows of arrival time; `by_batch`: one
    batch can be asked for; `by_rows`: from single rows, not from profiles; `against_baseline`: which lay windows beside a baseline, or
    beside something else; `needs_baseline`: undefined without one; `has_own_baseline`: what they are compared with is not the model's;
    `learned`: metrics whose limits can be learned from the baseline, by `learn`. `observe`: the same as `measure` for verdicts, as far as
    possible as arrays. `together`: several of them, of one reading.
    """

    metrics: tuple[str, ...]
    measure: Measure
    observe: Observe | None = None
    tested: Collection[str] = ()
    rates: Collection[str] = ()
    of_columns: bool = False
    columns: Callable[[TelemetryStore, str], Sequence[str]] | None = None
    by_group: bool = False
    by_arrival: bool = False
    by_batch: bool = False
    by_rows: bool = False
    against_baseline: bool = False
    needs_baseline: Collection[str] = ()
    has_own_baseline: bool = False
    learned: Collection[str] = ()
    learn: Learn | None = None
    together: Callable[[Inquiry, Sequence[str]], Iterator[Measurement]] | None = None


def _drift(asked: Inquiry, metric: str) -> Iterator[Measurement]:
    return _drift_together(asked, [metric])


def _drift_together(asked: Inquiry, metrics: Sequence[str]) -> Iterator[Measurement]:
    for some in _drifts(asked, metrics):
        for one in some:
            for metric in metrics:
                yield as_measurement(one, metric, asked.scope)


def _observed_drift(asked: Inquiry, metric: str) -> Observed:
    read = list(_drifts(asked, [metric]))
    if metric not in COUNTED_METRICS:
        return [], [as_measurement(one, metric, asked.scope) for some in read for one in some]
    arrays = [one.observed(metric, asked.scope) for some in read for one in some.beside]
    return arrays, [as_measurement(one, metric, asked.scope) for some in read for one in some.alone]


def _drifts(asked: Inquiry, metrics: Sequence[str]) -> Iterator[DriftsRead]:
    columns = asked.columns
    yield column_drift(
        asked.store,
        asked.scope,
        asked.active,
        kinds=asked.kinds,
        columns=asked.watched if columns is None else [name for name in columns if name != ACTUAL],
        metrics=metrics,
    )
    if columns is not None and ACTUAL in columns:
        yield actual_drift(asked.store, asked.scope, asked.active, asked.deployment, metrics)


def _drifted(asked: Inquiry, metric: str) -> Iterator[Measurement]:
    kinds = {name: asked.kinds[name] for name in asked.watched}
    return measure_drifted(asked.store, asked.scope, asked.active, [metric], kinds=kinds)


def _service(asked: Inquiry, metric: str) -> Iterator[Measurement]:
    return measure_service(asked.store, asked.scope, [metric], asked.service)


def _reconstruction(asked: Inquiry, _: str) -> Iterator[Measurement]:
    return measure_reconstruction(asked.store, asked.scope, asked.active)


def _quality(asked: Inquiry, metric: str) -> Iterator[Measurement]:
    columns = asked.watched if asked.columns is None else asked.columns
    return measure_quality(asked.store, asked.scope, asked.active, metric, kinds=asked.kinds, columns=columns)


def _schema(asked: Inquiry, _: str) -> Iterator[Measurement]:
    return measure_schema(asked.store, asked.scope, asked.active)


def _volumes(asked: Inquiry, metric: str) -> Iterator[Measurement]:
    return measure_volumes(asked.store, asked.scope, asked.deployment, metric)


def _custom(asked: Inquiry, metric: str) -> Iterator[Measurement]:
    names = custom_names(asked.store, asked.deployment.name) if asked.columns is None else list(asked.columns)
    return measure_custom(asked.store, asked.scope, asked.deployment, metric, names)


def _accuracy(asked: Inquiry, metric: str) -> Iterator[Measurement]:
    return asked.meter().measure(asked.scope, [metric], judged=asked.judged)


def _fairness(asked: Inquiry, metric: str) -> Iterator[Measurement]:
    return measure_fairness(
        asked.store, asked.scope, asked.deployment, metric, asked.question, asked.active, asked.rows
    )


def _learn_column(learning: Learning, _: Inquiry, active: ActiveBaseline, seen: Observation) -> Spread | None:
    return learning.of_column(active, seen.series.metric, seen.series.column, seen.n)


def _learn_scores(learning: Learning, asked: Inquiry, active: ActiveBaseline, seen: Observation) -> Spread | None:
    metric, about = seen.series.metric, f"{asked.of_class or ''}@{asked.threshold}"
    return learning.of_scores(active, metric, seen.n, about, lambda size: asked.meter().spread(metric, size))


def _learn_blocks(_: Learning, __: Inquiry, active: ActiveBaseline, ___: Observation) -> Spread | None:
    return spread_of_blocks(active)


UNTESTED_ACCURACY = ("max_error", "confusion_matrix", *LAG_QUANTILES)
"""Metrics of accuracy that have no standard error."""

FAMILIES: tuple[Family, ...] = (
    Family(
        metrics=drift.METRICS,
        measure=_drift,
        observe=_observed_drift,
        tested=[name for name in drift.METRICS if name != "missing_delta"],
        rates=["missing_rate"],
        of_columns=True,
        by_batch=True,
        against_baseline=True,
        needs_baseline=[name for name in drift.METRICS if name != "missing_rate"],
        learned=(*DIVERGENCES, "missing_rate"),
        learn=_learn_column,
        together=_drift_together,
    ),
    Family(
        metrics=drifted.METRICS,
        measure=_drifted,
        by_batch=True,
        against_baseline=True,
        needs_baseline=drifted.METRICS,
    ),
    Family(
        metrics=reconstruction.METRICS,
        measure=_reconstruction,
        by_batch=True,
        needs_baseline=reconstruction.METRICS,
        learned=reconstruction.METRICS,
        learn=_learn_blocks,
    ),
    Family(
        metrics=quality.METRICS,
        measure=_quality,
        by_batch=True,
        tested=quality.RATES,
        rates=quality.RATES,
        of_columns=True,
        needs_baseline=quality.AGAINST_BASELINE,
    ),
    Family(metrics=schema.METRICS, measure=_schema, by_batch=True),
    Family(metrics=volumes.METRICS, measure=_volumes, tested=[REPEATED], rates=[REPEATED]),
    Family(metrics=service.METRICS, measure=_service, tested=service.RATES, rates=service.RATES, by_arrival=True),
    Family(
        metrics=accuracy.METRICS,
        measure=_accuracy,
        tested=[name for name in accuracy.METRICS if name not in UNTESTED_ACCURACY],
        by_batch=True,
        by_rows=True,
        learned=ESTIMATED,
        learn=_learn_scores,
    ),
    Family(
        metrics=fairness.METRICS,
        measure=_fairness,
        tested=[name for one in PROPORTIONS for name in (one, f"{one}_min_ratio")],
        by_group=True,
        by_batch=True,
        by_rows=True,
    ),
    Family(
        metrics=custom.METRICS,
        measure=_custom,
        tested=["custom_mean"],
        of_columns=True,
        columns=custom_names,
        has_own_baseline=True,
    ),
)
METRICS = tuple(metric for family in FAMILIES for metric in family.metrics)
RATES = frozenset(metric for family in FAMILIES for metric in family.rates)


def family_of(metric: str, *, by_group: bool = False) -> Family | None:
    """The family that measures a metric, or None; any quantile of the latency is a service level by its name (`latency_p99.9`).

    `by_group`: of groups, where a metric is of all rows as well.
    """
    named = "latency" if quantile_of(metric) is not None else metric
    found = [one for one in FAMILIES if named in one.metrics or (one.by_group and metric in SHARED)]
    return next((one for one in found if one.by_group == by_group), found[0] if found else None)


def block_of_metric(metric: str) -> Block:
    """The block of a deployment's health that a metric speaks for."""
    return block_of(stated="", kind="measurement", metric=metric)


def unknown_metric(metric: str) -> str:
    """What to say of a name that no metric has: the nearest ones."""
    close = difflib.get_close_matches(metric, METRICS, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"known are {', '.join(METRICS)}"
    return f"{metric!r:.80} is no metric; {hint} (docs/metrics.md)"
