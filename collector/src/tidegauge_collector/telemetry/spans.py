"""From when to when there is data of each deployment, kept in memory: the fold widens it, a removal of rows has it read again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tidegauge.core.windows import Window

Read = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class WindowSpan:
    """The first window that has profiles, and the last."""

    first: Window
    last: Window

    def __or__(self, other: "WindowSpan") -> "WindowSpan":
        return WindowSpan(min(self.first, other.first), max(self.last, other.last))


@dataclass(frozen=True, slots=True)
class RecordSpan:
    """The first and last event time and arrival time of records."""

    first_event_us: int
    last_event_us: int
    first_arrival_us: int
    last_arrival_us: int

    def __or__(self, other: "RecordSpan") -> "RecordSpan":
        return RecordSpan(
            min(self.first_event_us, other.first_event_us),
            max(self.last_event_us, other.last_event_us),
            min(self.first_arrival_us, other.first_arrival_us),
            max(self.last_arrival_us, other.last_arrival_us),
        )


@dataclass(slots=True)
class Spans:
    """Of windows by (deployment, time basis), of records by deployment. What a fold adds counts once its transaction has committed."""

    windows: dict[tuple[str, int], WindowSpan] = field(default_factory=dict)
    records: dict[str, RecordSpan] = field(default_factory=dict)
    _staged_windows: dict[tuple[str, int], WindowSpan] = field(default_factory=dict)
    _staged_records: dict[str, RecordSpan] = field(default_factory=dict)

    def add_window(self, deployment: str, time_basis: int, window: Window) -> None:
        key, span = (deployment, time_basis), WindowSpan(window, window)
        known = self._staged_windows.get(key)
        self._staged_windows[key] = span if known is None else known | span

    def add_records(self, deployment: str, span: RecordSpan) -> None:
        known = self._staged_records.get(deployment)
        self._staged_records[deployment] = span if known is None else known | span

    def keep(self) -> None:
        for key, windows in self._staged_windows.items():
            self.windows[key] = windows | self.windows.get(key, windows)
        for name, records in self._staged_records.items():
            self.records[name] = records | self.records.get(name, records)
        self.forget()

    def forget(self) -> None:
        self._staged_windows, self._staged_records = {}, {}

    def load(self, read: Read) -> None:
        """Read all of them from the tables."""
        windows: dict[tuple[str, int], WindowSpan] = {}
        for deployment, basis, first_us, first_end_us, last_us, last_end_us in read("spans_of_windows"):
            windows[deployment, basis] = WindowSpan(Window(first_us, first_end_us), Window(last_us, last_end_us))
        self.records = {name: RecordSpan(*times) for name, *times in read("spans_of_records")}
        self.windows = windows
