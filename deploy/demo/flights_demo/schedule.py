"""What a replay worker does in which hour of event time: flights to predict, and truths that have become known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

HOUR = np.timedelta64(1, "h")


@dataclass(frozen=True, slots=True)
class Batch:
    """One hour's work: `flights` to predict, `known` whose truth arrives; `number` counts hours, the same for all workers."""

    number: int
    flights: pd.DataFrame
    known: pd.DataFrame


class Schedule:
    """The work of one of several workers; each takes every `workers`-th flight, as behind a load balancer."""

    def __init__(self, rows: pd.DataFrame, *, worker: int, workers: int) -> None:
        """`rows` by event time, at least one; the hours run until the last truth is known."""
        start, end = rows["event"].min().floor("h").to_datetime64(), rows["known_at"].max().to_datetime64()
        self.hours = int((end - start) // HOUR) + 1
        share = rows.iloc[worker::workers]
        late = share.sort_values(["known_at", "id"], kind="stable")
        edges = start + HOUR * np.arange(self.hours + 1)
        self._flights, self._known = share, late
        self._flight_edges = np.searchsorted(share["event"].to_numpy(), edges)
        self._known_edges = np.searchsorted(late["known_at"].to_numpy(), edges)

    @property
    def flights(self) -> int:
        """How many flights this worker predicts."""
        return len(self._flights)

    def batch(self, number: int) -> Batch:
        """The work of one hour."""
        flights = self._flights.iloc[self._flight_edges[number] : self._flight_edges[number + 1]]
        known = self._known.iloc[self._known_edges[number] : self._known_edges[number + 1]]
        return Batch(number, flights, known)

    def batches(self, first: int = 0) -> Iterator[Batch]:
        """The work from an hour on, hours without any left out."""
        for number in range(first, self.hours):
            batch = self.batch(number)
            if len(batch.flights) or len(batch.known):
                yield batch
