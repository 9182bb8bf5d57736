"""What a series was before: the spread of its trailing windows, none of which overlaps the one that is judged."""

from dataclasses import dataclass, field

from tidegauge_collector.core.monitor_problems import parse_range
from tidegauge_collector.core.monitors import Monitor, Verdict
from tidegauge_collector.core.spread import Spread, spread_of

METHOD = "trailing_windows"
LEARNING = "too_few_windows"

Past = tuple[
    int, int, float | None, Verdict, str | None
]  # start and end of a window, what was judged in it, verdict and reason


@dataclass(slots=True)
class History:
    """Values of one series by window, in the order of their ends; failing windows and excluded times are not kept."""

    monitor: Monitor
    _windows: list[tuple[int, float]] = field(default_factory=list)
    _excluded: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        pairs = map(parse_range, self.monitor.exclude_ranges)
        self._excluded = [(round(a.timestamp() * 1e6), round(b.timestamp() * 1e6)) for a, b in pairs]

    def add(self, past: Past) -> None:
        """Remember a judged window; it must end after those before it."""
        start_us, end_us, value, verdict, reason = past
        counts = verdict in (Verdict.OK, Verdict.WARNING) or reason == LEARNING
        if value is None or not counts or any(start_us < last and first < end_us for first, last in self._excluded):
            return
        self._windows.append((end_us, value))
        overlapping = -(-self.monitor.window_s // self.monitor.every_s)
        del self._windows[: -(self.monitor.trailing_windows + overlapping)]

    def spread_before(self, start_us: int) -> Spread | None:
        """Of the newest windows that end at or before an instant; None of too few."""
        before = [value for end_us, value in self._windows if end_us <= start_us]
        return spread_of(before[-self.monitor.trailing_windows :], METHOD)
