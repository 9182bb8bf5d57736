"""Many judgements and the states of their series: only what is not ok, or was not, goes through the state machine."""

from dataclasses import dataclass, replace

import numpy as np

from tidegauge_collector.core.alerts import SeriesState, Transition, advance, is_calm
from tidegauge_collector.core.judging import OK, Judgements
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.observations import SeriesKey

Place = tuple[str, SeriesKey]
"""Of a state: monitor id, series."""
Update = tuple[str, SeriesKey, SeriesState, Transition | None]
"""Monitor id, series, its new state, what people hear of it."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What judgements did to the states of their series.

    `updates`: what people hear of, in order, and the last state of each other series (the states in between are of no use to anybody);
    `reached`: how far those were judged that were well and still are; `cooling_down`: places of bad verdicts that a cool-down kept from
    opening an alert.
    """

    updates: list[Update]
    reached: dict[Place, int]
    cooling_down: list[int]


def advance_all(monitor: Monitor, states: dict[Place, SeriesState], judged: Judgements) -> Moved:
    """By a monitor's judgements in the order of their window ends; in `states` it is left out how far calm series were judged."""
    told: list[Update] = []
    latest: dict[SeriesKey, Update] = {}
    reached: dict[Place, int] = {}
    cooling_down: list[int] = []
    for i in np.flatnonzero(judged.is_deciding).tolist():
        series, is_ok = judged.seen.series(i), judged.verdict[i] == OK
        place = (monitor.id, series)
        before = states.get(place, SeriesState())
        if is_ok and is_calm(before):
            reached[place] = int(judged.seen.window_end_us[i])
            continue
        state, transition = advance(monitor, _up_to(before, reached.get(place)), judged[i])
        if state.suppressed > before.suppressed:
            cooling_down.append(i)
        if state == before:
            continue
        states[place] = state
        if transition is None:
            latest[series] = (monitor.id, series, state, None)
        else:
            told.append((monitor.id, series, state, transition))
            latest.pop(series, None)
    return Moved([*told, *latest.values()], reached, cooling_down)


def _up_to(state: SeriesState, end_us: int | None) -> SeriesState:
    known_us = state.last_window_end_us
    return (
        state
        if end_us is None or (known_us is not None and known_us >= end_us)
        else replace(state, last_window_end_us=end_us)
    )
