"""Records models that answer bit by bit: generator functions, sync and async. Nothing of the stream changes: send, throw, close.

    input a list or table of n rows   the answers are collected as they are yielded, and recorded as one call at the end
    input an iterator                 what the model takes from it is paired with what it yields next: each pair is a call of its own

A call's duration is the time spent inside the model, not the time that its consumer takes between two answers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from tidegauge.capture import Recorder, inputs_of
from tidegauge.copies import private_copy
from tidegauge.worker.shapes import Unread, count_rows, unpacked

MAX_KEPT = 100_000
"""Answers of one call that are kept until its end; of a longer stream only time and rows are counted."""


def recorded_generator(function: Callable[..., Any], recorder: Recorder, method: str) -> Callable[..., Any]:
    """A generator function that yields what `function` yields, recorded."""

    def call(*args: Any, **kwargs: Any) -> Any:
        stream = _Stream(recorder, method, args, kwargs)
        return (yield from _Tap(function(*stream.args, **kwargs), stream))

    return call


def recorded_async_generator(function: Callable[..., Any], recorder: Recorder, method: str) -> Callable[..., Any]:
    """An async generator function that yields what `function` yields, recorded."""

    async def call(*args: Any, **kwargs: Any) -> Any:
        stream = _Stream(recorder, method, args, kwargs)
        inner = function(*stream.args, **kwargs)
        advance: Callable[[], Any] = partial(inner.asend, None)
        while True:
            started = recorder.clock()
            try:
                item = await advance()
            except StopAsyncIteration:
                stream.end(recorder.clock() - started)
                return
            except Exception as error:
                stream.fail(error, recorder.clock() - started)
                raise
            stream.take(item, started, recorder.clock() - started)
            try:
                advance = partial(inner.asend, (yield item))
            except GeneratorExit:
                stream.end(0)
                await inner.aclose()
                raise
            except BaseException as error:  # noqa: BLE001 - thrown in by the consumer: it is the model's to handle
                advance = partial(inner.athrow, error)

    return call


class _Tap:
    """A generator between the model's and its consumer's."""

    def __init__(self, generator: Any, stream: _Stream) -> None:
        self._generator = generator
        self._stream = stream

    def __iter__(self) -> _Tap:
        return self

    def __next__(self) -> Any:
        return self._step(self._generator.__next__)

    def send(self, value: Any) -> Any:
        return self._step(partial(self._generator.send, value))

    def throw(self, *error: Any) -> Any:
        return self._step(partial(self._generator.throw, *error))

    def close(self) -> None:
        self._stream.end(0)
        self._generator.close()

    def _step(self, advance: Callable[[], Any]) -> Any:
        clock = self._stream.clock
        started = clock()
        try:
            item = advance()
        except StopIteration:
            self._stream.end(clock() - started)
            raise
        except Exception as error:
            self._stream.fail(error, clock() - started)
            raise
        self._stream.take(item, started, clock() - started)
        return item


class _Stream:
    """What one call has been given and has answered so far. Its methods never raise."""

    def __init__(self, recorder: Recorder, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.clock = recorder.clock
        self.args = args
        self._recorder, self._method, self._kwargs = recorder, method, kwargs
        self._given: list[Any] = []  # what the model took from a tapped input since its last answer
        self._answers: list[Any] = []
        self._started_ns, self._spent_ns = self.clock(), 0
        self._is_tapped = self._is_over = False
        try:
            self._tap_input()
        except Exception:  # noqa: BLE001 - the host must not notice
            recorder.count_fault()

    def _tap_input(self) -> None:
        first: Any = self.args[0] if self.args else None
        if hasattr(type(first), "__next__"):
            self.args, self._is_tapped = (self._tapped(first), *self.args[1:]), True
        elif hasattr(type(first), "__anext__"):
            self.args, self._is_tapped = (self._tapped_async(first), *self.args[1:]), True

    def _tapped(self, source: Iterator[Any]) -> Iterator[Any]:
        for item in source:
            self._give(item)
            yield item

    async def _tapped_async(self, source: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for item in source:
            self._give(item)
            yield item

    def _give(self, item: Any) -> None:
        try:
            if len(self._given) < MAX_KEPT:
                self._given.append(_own(item))
        except Exception:  # noqa: BLE001 - the host must not notice
            self._recorder.count_fault()

    def take(self, item: Any, started_ns: int, duration_ns: int) -> None:
        """The model has answered."""
        try:
            self._spent_ns += duration_ns
            if self._is_tapped:
                given, self._given = self._given, []
                inputs = given[0] if len(given) == 1 else given
                self._recorder.answered(self._method, (inputs,), {}, item, started_ns, started_ns + duration_ns)
            elif len(self._answers) <= MAX_KEPT:
                self._answers.append(_own(item))
        except Exception:  # noqa: BLE001 - the host must not notice
            self._recorder.count_fault()

    def end(self, duration_ns: int) -> None:
        """The stream is over."""
        if self._is_over:
            return
        self._is_over = True
        self._spent_ns += duration_ns
        if self._is_tapped:
            return
        try:
            rows = count_rows(inputs_of(self.args, self._kwargs, self._recorder.options.parameters))
            answer = _as_one(self._answers, rows)
        except Exception:  # noqa: BLE001 - the host must not notice
            self._recorder.count_fault()
            return
        ended_ns = self._started_ns + self._spent_ns
        self._recorder.answered(self._method, self.args, self._kwargs, answer, self._started_ns, ended_ns)

    def fail(self, error: Exception, duration_ns: int) -> None:
        """The model has raised."""
        self._is_over = True
        self._recorder.failed(self._method, error, self._started_ns, self._started_ns + self._spent_ns + duration_ns)


def _own(item: Any) -> Any:
    return unpacked(private_copy(item)[0])


def _as_one(answers: list[Any], rows: int) -> Any:
    """The answers of a call of so many rows: one for each, or batches of them; anything else cannot be read (words of one text)."""
    if len(answers) == rows:
        return answers[0] if rows == 1 else answers
    if answers and all(isinstance(one, np.ndarray) and one.ndim for one in answers):
        joined = np.concatenate(answers)
        if len(joined) == rows:
            return joined
    if answers and all(isinstance(one, list) for one in answers) and sum(map(len, answers)) == rows:
        return [answer for batch in answers for answer in batch]
    return Unread("stream", rows)
