"""Humility rules that the caller is to notice, judged in the caller's thread: flag, override, refuse.

    call ─▶ refuse by input? ─▶ the recorded model ─▶ judge inputs and answer ─▶ flags, callback, value, refusal ─▶ caller

What is recorded is what the model answered; that a rule marked a row is counted by the worker, from the same conditions. A fault of
ours leaves the answer as it is and is counted. Only a `PredictionRefused` that the user asked for is raised.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.capture import Observed, Recorder, inputs_of
from tidegauge.complaints import COMPLAINTS
from tidegauge.core.humility import Action, Condition, judged_score
from tidegauge.errors import PredictionRefused, UsageError
from tidegauge.worker.outputs import is_one_answer, read_answers
from tidegauge.worker.shapes import count_rows
from tidegauge.worker.tables.columns import as_column_table
from tidegauge.worker.tabulate import tabulate

Marked = list[tuple[Condition, npt.NDArray[np.intp]]]
"""Conditions that marked something, with the numbers of the rows."""

current_flags: ContextVar[tuple[object, tuple[str, ...]]] = ContextVar("tidegauge_flags", default=(None, ()))
"""Of the last call under rules that act: whose it was (its `DeploymentWorker`), and names of the rules that marked it."""


def guarded(recorded: Callable[..., Any], recorder: Recorder, method: str) -> Callable[..., Any]:
    """The recorded call, whose first argument is the proxy that it is called on, under the rules that act."""
    guard = _Guard(recorder, method)

    if inspect.iscoroutinefunction(recorded):

        async def call_async(proxy: Any, /, *args: Any, **kwargs: Any) -> Any:
            marked = guard.before(args, kwargs)
            return guard.after(args, kwargs, await recorded(proxy, *args, **kwargs), marked)

        return call_async

    def call(proxy: Any, /, *args: Any, **kwargs: Any) -> Any:
        marked = guard.before(args, kwargs)
        return guard.after(args, kwargs, recorded(proxy, *args, **kwargs), marked)

    return call


def acts(recorder: Recorder) -> bool:
    """Whether any rule of the deployment acts in the caller's thread."""
    return any(rule.acts for rule in recorder.target.settings.rules)


class _Guard:
    """Judges the calls of one method. Its methods raise nothing but `PredictionRefused`."""

    def __init__(self, recorder: Recorder, method: str) -> None:
        self._recorder = recorder
        self._method = method
        self._known: Sequence[Condition] = ()
        self._about_inputs: list[Condition] = []
        self._about_answers: list[Condition] = []

    def _look_up(self) -> None:
        """Take over the deployment's conditions where they have changed: those that act, about inputs and about answers."""
        known = self._recorder.conditions()
        if known is not self._known:
            acting = [one for one in known if one.rule.acts]
            self._about_inputs = [one for one in acting if not one.looks_at_answers]
            self._about_answers = [one for one in acting if one.looks_at_answers]
            self._known = known

    def before(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Marked:
        """What the rules about inputs mark; raises where one of them refuses: the model is not asked then."""
        started = self._recorder.clock()
        try:
            self._look_up()
            if not self._about_inputs:
                return []
            inputs = self._inputs(args, kwargs)
            marked = _marked_inputs(inputs, self._about_inputs, self._recorder.target.feature_names)
        except UsageError:  # no table: the worker counts the call as unreadable
            return []
        except Exception:  # noqa: BLE001 - the host must not notice
            self._recorder.count_fault()
            return []
        refusal = _refusal(marked)
        if refusal is not None:
            self._recorder.failed(self._method, refusal, started, self._recorder.clock())
            raise refusal
        return marked

    def after(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, marked: Marked) -> Any:
        """What the caller gets: the result, or what the rules put in its place."""
        if not (marked or self._about_answers):  # the rule: nothing is read again
            current_flags.set((self._recorder.target, ()))
            return result
        try:
            rows = _count_asked(self._inputs(args, kwargs), result)
            if self._about_answers:
                marked = marked + self._marked_by_answer(args, kwargs, result, rows)
            current_flags.set((self._recorder.target, tuple(one.rule.name for one, _ in marked)))
        except Exception:  # noqa: BLE001 - the host must not notice
            self._recorder.count_fault()
            return result
        refusal = _refusal(marked)
        if refusal is not None:
            raise refusal
        return self._carried_out(result, marked, rows)

    def _inputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The inputs as they are recorded; a user's own `extract` finds them only when the answer is there, a library's before."""
        read = getattr(self._recorder.options.extract, "inputs", None)
        found = None if read is None else read(*args, **kwargs)
        return inputs_of(args, kwargs, self._recorder.options.parameters) if found is None else found

    def _marked_by_answer(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, rows: int) -> Marked:
        extract = self._recorder.options.extract
        if extract is not None:
            try:
                found = extract(result, *args, **kwargs)
            except Exception:  # noqa: BLE001 - the user's function: the recorder has counted that it fails, and said so
                return []
            answer = found.predictions if isinstance(found, Observed) else found
            result = result if answer is None else answer
        try:
            return _marked_answers(result, rows, self._about_answers, self._recorder, self._method)
        except UsageError:  # no answer that can be read: the worker counts it so
            return []

    def _carried_out(self, result: Any, marked: Marked, rows: int) -> Any:
        for condition, chosen in marked:
            rule = condition.rule
            try:
                if rule.callback is not None:
                    rule.callback(rule.name, chosen)
                if rule.action is Action.OVERRIDE:
                    result = overridden(result, chosen, rule.value, rows)
            except Exception as error:  # noqa: BLE001 - the user's callback, or an answer that has no place for the value
                self._recorder.fault_count += 1  # no fault of ours: capturing does not pause
                COMPLAINTS.warn(
                    self._recorder.target.settings.root,
                    f"rule {rule.name!r} marked a call and could not be carried out ({rule.action}): {error!r:.200}",
                )
        return result


def _refusal(marked: Marked) -> PredictionRefused | None:
    for condition, rows in marked:
        if condition.rule.action is Action.REFUSE:
            return PredictionRefused(condition.rule.name, rows.tolist())
    return None


def _count_asked(inputs: Any, result: Any) -> int:
    """How many rows a call asked for: what looks like a dict of columns and got one answer is a row of vectors."""
    rows = count_rows(inputs)
    return 1 if type(inputs) is dict and rows != 1 and is_one_answer(result) else rows


def _marked_inputs(inputs: Any, conditions: list[Condition], feature_names: Sequence[str]) -> Marked:
    if type(inputs) is dict and as_column_table(inputs) is None:
        return [(one, _FIRST) for one in conditions if one.marks_one(inputs.get(one.rule.column))]
    columns = _judged_columns(inputs, {one.rule.column for one in conditions}, feature_names)
    if type(inputs) is np.ndarray and len(inputs) == 1:
        marked = ((one, columns.get(one.rule.column)) for one in conditions)
        return [(one, _FIRST) for one, values in marked if values is not None and one.marks_one(values.item(0))]
    marks = ((one, columns.get(one.rule.column)) for one in conditions)
    return _some((one, one.marks(values)) for one, values in marks if values is not None)


def _judged_columns(inputs: Any, names: set[str], feature_names: Sequence[str]) -> Mapping[str, Any]:
    """The columns that rules look at; of plain matrices and data frames nothing else is read."""
    is_plain = type(inputs) is np.ndarray and inputs.ndim == 2 and inputs.dtype.kind in "iufb"
    if is_plain and len(feature_names) == inputs.shape[1]:
        return {name: inputs[:, i] for i, name in enumerate(feature_names) if name in names}
    if hasattr(inputs, "iloc") and hasattr(inputs, "columns"):
        inputs = inputs.loc[:, [str(name) in names for name in inputs.columns]]
    return tabulate(inputs, feature_names)[0]


def _marked_answers(result: Any, rows: int, conditions: list[Condition], recorder: Recorder, method: str) -> Marked:
    if type(result) is float and rows == 1:
        return [(one, _FIRST) for one in conditions if one.marks_one(result)]
    scores = judged_score(read_answers(result, rows, recorder.target.facts, method=method).scores)
    return [] if scores is None else _some((one, one.marks(scores)) for one in conditions)


def _some(marks: Iterable[tuple[Condition, npt.NDArray[np.bool_]]]) -> Marked:
    return [(condition, np.flatnonzero(mask)) for condition, mask in marks if mask.any()]


_FIRST = np.zeros(1, dtype=np.intp)


def overridden(result: Any, chosen: npt.NDArray[np.intp], value: Any, rows: int) -> Any:
    """A copy of the result with `value` in the chosen rows: arrays, lists, Series, or a single answer. TypeError for anything else."""
    if isinstance(result, np.ndarray) and result.ndim:
        given = np.asarray(value)
        is_text = given.dtype.kind in "US"
        changed = result.astype(np.result_type(result.dtype, given.dtype if is_text else value))
        changed[chosen] = value
        return changed
    if hasattr(result, "iloc"):
        changed = result.copy()
        changed.iloc[chosen] = value
        return changed
    if isinstance(result, list) and len(result) == rows:
        marked = set(chosen.tolist())
        return [value if number in marked else answer for number, answer in enumerate(result)]
    if rows == 1 and (np.isscalar(result) or np.ndim(result) == 0):
        return value
    raise TypeError(f"a {type(result).__name__} for {rows} rows has no place for a value")
