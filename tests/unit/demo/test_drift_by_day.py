"""The default monitors on the flights by day, April to December: quiet where nothing changed, quick where something did.

Rows are profiled as agents profile them, folded, measured and judged by the collector's own parts; a day's flights lie in one of its hours,
which changes no day. `tests/e2e/test_demo.py` goes the whole way.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tidegauge.core.baseline import Baseline, build_baseline
from tidegauge.core.bins import NumericBins
from tidegauge.core.columns import PREDICTION, ColumnKind, category_counts, numeric_values
from tidegauge.core.profile import ColumnProfile, profile_categories, profile_numeric
from tidegauge.core.windows import HOUR_US, Window
from tidegauge_collector.control import Deployment
from tidegauge_collector.core.alerts import SeriesState, advance
from tidegauge_collector.core.default_monitors import DRIFT
from tidegauge_collector.core.judging import judge_all
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.observing import Observer
from tidegauge_collector.telemetry.fold import FoldEntry, LogPosition, fold
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Sender, Source, profile_frame

QUIET = ("carrier", "origin", "hour")
NUMERIC = ("hour", "distance", "scheduled_minutes")
NUMBERS = (*NUMERIC, PREDICTION)
SEEDS = 20
HERE = LogPosition(b"log", 1)


@dataclass(frozen=True)
class Told:
    """What people hear: an alert opened, or became worse; of which column, by the flights of which day."""

    kind: str
    column: str
    day: pd.Timestamp


@dataclass
class Watch:
    """The baseline of January to March, and a collector that has nothing else to do."""

    baseline: Baseline
    store: TelemetryStore
    rows: pd.DataFrame
    sender: Sender = field(default_factory=Sender)

    def tell(self, deployments: Mapping[str, pd.DataFrame]) -> dict[str, list[Told]]:
        """What is told of these rows, day after day, each a deployment of its own."""
        fold(self.store, [entry for name, rows in deployments.items() for entry in self._frames(name, rows)], HERE)
        return {name: list(self._judged(name, sorted(rows["day"].unique()))) for name, rows in deployments.items()}

    def _frames(self, name: str, rows: pd.DataFrame) -> Iterator[FoldEntry]:
        for day, part in rows.groupby("day"):
            window = Window(hour_of(day), hour_of(day) + HOUR_US)
            source, bins_id = Source(deployment=name), self.baseline.bins.bins_id
            yield self.sender.send(profile_frame(self._profiles(part), window, source=source, bins_id=bins_id))

    def _judged(self, name: str, days: Sequence[pd.Timestamp]) -> Iterator[Told]:
        active = ActiveBaseline(self.baseline, "given", self.baseline.rows)
        observer = Observer(self.store, SimpleNamespace(active=lambda *_: active))
        windows = {midnight(day + pd.Timedelta(days=1)): day for day in days}
        kinds = {column: bins.kind for column, bins in self.baseline.bins.columns.items()}
        asked = [Window(midnight(day), end) for end, day in windows.items()]
        deployment = Deployment(1, name, "America/New_York", "binary", None, None, "all", (), 0, 0)
        observed = observer.observe(DRIFT, deployment, "1", asked, kinds)
        states: dict[str, SeriesState] = {}
        for family in observed.families():
            day = windows[int(family.window_end_us[0])]
            for one in judge_all(DRIFT, family):
                column = one.observation.series.column
                before = states.get(column, SeriesState())
                states[column], transition = advance(DRIFT, before, one)
                if transition is None or transition.kind == "resolved":
                    continue
                if transition.kind == "opened" or transition.severity == "failing":
                    yield Told(transition.kind, column, day)

    def _profiles(self, rows: pd.DataFrame) -> list[ColumnProfile]:
        found = []
        for name, bins in self.baseline.bins.columns.items():
            values = rows[name].to_numpy()
            if isinstance(bins, NumericBins):
                found.append(profile_numeric(name, numeric_values(values.astype(float)), bins))
            else:
                found.append(profile_categories(name, category_counts(values.astype(object), bins.kind), bins))
        return found


def midnight(day: pd.Timestamp) -> int:
    """Of New York, in microseconds."""
    return day.tz_localize("America/New_York").value // 1_000


def hour_of(day: pd.Timestamp) -> int:
    """A whole hour of UTC in the day of New York."""
    return midnight(day + pd.Timedelta(hours=12)) // HOUR_US * HOUR_US


@pytest.fixture(scope="module")
def watch(flights) -> Iterator[Watch]:
    from flights_demo.data import FEATURES
    from flights_demo.trainer import DURATION_BINS

    rows = with_prediction(flights.rows)
    held = np.random.default_rng(2013).random(len(rows)) < 0.3
    names = [*FEATURES, PREDICTION]
    known = rows.loc[(rows["month"] <= 3) & held, names]
    kinds = {name: ColumnKind.NUMERIC if name in NUMBERS else ColumnKind.CATEGORICAL for name in names}
    columns = {name: known[name].to_numpy(float if kind.is_numeric else object) for name, kind in kinds.items()}
    baseline = build_baseline(columns, kinds, edges={"scheduled_minutes": DURATION_BINS})
    with TelemetryStore.open(None, memory_limit="500MB") as store:
        yield Watch(baseline, store, rows.loc[rows["month"] > 3, ["day", *names]])


def with_prediction(rows: pd.DataFrame) -> pd.DataFrame:
    """The model: how often flights of that airport and hour were late in the first three months."""
    early = rows[rows["month"] <= 3].groupby(["origin", "hour"], observed=True)["late"].mean()
    score = pd.MultiIndex.from_frame(rows[["origin", "hour"]])
    return rows.assign(**{PREDICTION: early.reindex(score).fillna(early.mean()).to_numpy()})


def test_columns_that_did_not_change_open_at_most_one_alert_a_month(watch: Watch) -> None:
    told = watch.tell({"year": watch.rows})["year"]

    opened = [one for one in told if one.kind == "opened" and one.column in QUIET]
    by_month = Counter(one.day.month for one in opened)
    assert watch.rows["day"].nunique() == 275
    assert max(by_month.values(), default=0) <= 1, opened


def six_days(watch: Watch, rng: np.random.Generator) -> pd.DataFrame:
    """The flights of six days in a row from some day on; a shift begins on the third."""
    days = np.sort(watch.rows["day"].unique())
    first = rng.integers(0, len(days) - 6)
    rows = watch.rows[watch.rows["day"].isin(days[first : first + 6])].copy()
    return rows.assign(shifted=rows["day"] >= days[first + 2], origin=rows["origin"].astype(object))


def half_a_deviation(rows: pd.DataFrame, rng: np.random.Generator, watch: Watch) -> str:
    column = str(rng.choice(NUMERIC))
    by = rng.choice([-0.5, 0.5]) * watch.baseline.bins.columns[column].deviation
    rows[column] = rows[column] + by * rows["shifted"]
    return column


def a_fifth_of_the_mass(rows: pd.DataFrame, rng: np.random.Generator, _: Watch) -> str:
    """20 % of all rows of a day go from one airport to another."""
    left, right = rng.choice(["EWR", "JFK", "LGA"], 2, replace=False)
    for _, day in rows[rows["shifted"]].groupby("day"):
        could = day.index[day["origin"] == left]
        rows.loc[rng.choice(could, round(len(day) / 5), replace=False), "origin"] = right
    return "origin"


@pytest.mark.parametrize("shift", [half_a_deviation, a_fifth_of_the_mass])
def test_a_shift_is_found_within_two_days_from_every_seed(
    watch: Watch, shift: Callable[[pd.DataFrame, np.random.Generator, Watch], str]
) -> None:
    """Found: an alert opens, or one that the season had opened becomes worse."""
    sent, columns = {}, {}
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        name = f"{shift.__name__}-{seed}"
        sent[name] = six_days(watch, rng)
        columns[name] = shift(sent[name], rng, watch)

    told = watch.tell(sent)

    missed = []
    for name, rows in sent.items():
        begins = rows.loc[rows["shifted"], "day"].min()
        in_time = (begins, begins + pd.Timedelta(days=1))  # judged at the end of the day
        if not any(one.column == columns[name] and one.day in in_time for one in told[name]):
            missed.append((name, columns[name], begins))
    assert not missed
