"""Windows of one monitor judged in order, each by what the series was before it."""

from __future__ import annotations

from dataclasses import replace

from tidegauge.core.windows import SECOND_US, Window
from tidegauge_collector.core.judging import Judgement, SeriesKey, judge
from tidegauge_collector.core.monitors import Monitor, Verdict
from tidegauge_collector.core.observations import Observations
from tidegauge_collector.core.trailing import History
from tidegauge_collector.telemetry.judgements import newest_judgements
from tidegauge_collector.telemetry.store import TelemetryStore

LOOK_BACK_TIMES = 3  # as far as the trailing windows reach: failing ones and excluded times are passed over


def judged_in_order(
    store: TelemetryStore, deployment: str, monitor: Monitor, version: str, seen: Observations
) -> list[Judgement]:
    """The verdicts of what was seen, in the order of the window ends, from what was judged before and among them."""
    if not len(seen):
        return []
    histories = _before(store, deployment, monitor, version, int(seen.window_end_us.min()))
    judged: list[Judgement] = []
    for family in seen.families():
        learned = [
            replace(one, spread=histories.setdefault(one.series, History(monitor)).spread_before(one.window_start_us))
            for one in family
        ]
        for one in judge(monitor, learned):
            window = one.observation
            past = (window.window_start_us, window.window_end_us, window.value, one.verdict, one.reason)
            histories[window.series].add(past)
            judged.append(one)
    return judged


def _before(
    store: TelemetryStore, deployment: str, monitor: Monitor, version: str, first_end_us: int
) -> dict[SeriesKey, History]:
    reach_s = LOOK_BACK_TIMES * monitor.trailing_windows * monitor.every_s + 2 * monitor.window_s
    window = Window(first_end_us - reach_s * SECOND_US, first_end_us - 1)
    histories: dict[SeriesKey, History] = {}
    for one in newest_judgements(store, deployment, window=window, monitor=monitor.id):
        if one.version != version:
            continue
        series = SeriesKey(one.metric, one.column, one.segment, one.version)
        past = (one.window_start_us, one.window_end_us, one.value, Verdict(one.verdict), one.reason)
        histories.setdefault(series, History(monitor)).add(past)
    return histories
