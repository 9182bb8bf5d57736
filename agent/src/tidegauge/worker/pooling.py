"""Many small calls become one table: calls that look alike are put together before their rows are turned into columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tidegauge.worker.calls import Call


@dataclass(frozen=True)
class Table:
    """Inputs and results of calls, joined: `rows[i]` rows are of `calls[i]`, in order."""

    inputs: Any
    result: Any
    calls: Sequence[Call]
    rows: Sequence[int]
    method: str


def pool(calls: Iterable[Call]) -> list[list[Call]]:
    """Calls that can be joined, together; others alone. The order of calls within a group is kept."""
    groups: dict[object, list[Call]] = {}
    for number, call in enumerate(calls):
        groups.setdefault(_likeness(call) or number, []).append(call)
    return list(groups.values())


def join(calls: list[Call]) -> Table:
    """One table of alike calls (or of a single one of any kind)."""
    first = calls[0]
    if len(calls) == 1:
        return Table(first.inputs, first.result, calls, (), first.method)
    if isinstance(first.inputs, dict):
        return Table([call.inputs for call in calls], _join_results(calls), calls, [1] * len(calls), first.method)
    tables = [np.atleast_2d(call.inputs) for call in calls]
    return Table(np.concatenate(tables), _join_results(calls), calls, [len(t) for t in tables], first.method)


def _likeness(call: Call) -> object:
    result = _shape(call.result)
    if result is None:
        return None
    if isinstance(call.inputs, dict):
        return ("dict", call.method, result)
    if isinstance(call.inputs, np.ndarray) and call.inputs.dtype.names is None and call.inputs.ndim in {1, 2}:
        return ("array", call.method, call.inputs.shape[-1], call.inputs.dtype.kind, result)
    return None


def _shape(result: Any) -> object:
    if isinstance(result, np.ndarray) and result.ndim in {1, 2}:
        return ("array", result.shape[1:], result.dtype.kind)
    if isinstance(result, (float, int, bool, str, np.generic)):
        return type(result).__name__
    return None


def _join_results(calls: list[Call]) -> Any:
    results = [call.result for call in calls]
    return np.concatenate(results) if isinstance(results[0], np.ndarray) else results
