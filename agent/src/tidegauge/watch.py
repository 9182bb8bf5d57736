"""Wraps a model or function: the call goes through first-class, and what it saw is handed to the capture.

This is the boundary that nothing of ours crosses: the model's results and exceptions pass untouched, our own faults are counted and
swallowed, and after repeated ones capturing pauses for a minute.
"""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import wrapt

if TYPE_CHECKING:
    from tidegauge.capture import Recorder

M = TypeVar("M")
METHODS = ("predict", "predict_proba", "decision_function", "__call__")


def watch(target: M, recorder: Recorder) -> M:
    """The same object or function, its calls recorded. Never raises: what cannot be wrapped is returned as it is."""
    try:
        if inspect.isroutine(target) or isinstance(target, functools.partial):
            return cast(M, _watch_function(cast(Callable[..., Any], target), recorder))
        return cast(M, _watch_object(target, recorder))
    except Exception:  # noqa: BLE001 - the host goes on unwatched; status() shows the count
        recorder.count_fault()
        return target


def _watch_function(function: Callable[..., Any], recorder: Recorder) -> Callable[..., Any]:
    call = _recorded(function, recorder, "__call__")
    return functools.wraps(function)(call)


def _watch_object(model: Any, recorder: Recorder) -> Any:
    recorder.learn_from(model)
    methods = [name for name in METHODS if _has(model, name)]
    namespace: dict[str, Any] = {
        "__reduce__": _reduce,
        "__reduce_ex__": _reduce_ex,
        "__deepcopy__": _deepcopy,
        "__copy__": _copy,
    }
    for name in methods:
        namespace[name] = _method(name, _recorded(getattr(model, name), recorder, name))
    return type("Watched" + type(model).__name__, (wrapt.ObjectProxy,), namespace)(model)


def _has(model: Any, name: str) -> bool:
    return callable(model) if name == "__call__" else callable(getattr(model, name, None))


def _method(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    if name == "__call__":  # looked up on the type, which passes the proxy along

        def dunder(_proxy: Any, /, *args: Any, **kwargs: Any) -> Any:
            return call(*args, **kwargs)

        return dunder
    return cast(Callable[..., Any], staticmethod(call))


def _reduce(proxy: Any) -> Any:
    return proxy.__wrapped__.__reduce__()


def _reduce_ex(proxy: Any, protocol: int) -> Any:
    return proxy.__wrapped__.__reduce_ex__(protocol)


def _deepcopy(proxy: Any, memo: dict[int, Any]) -> Any:
    return copy.deepcopy(proxy.__wrapped__, memo)


def _copy(proxy: Any) -> Any:
    return copy.copy(proxy.__wrapped__)


def _recorded(function: Callable[..., Any], recorder: Recorder, method: str) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):
        return _recorded_async(function, recorder, method)
    clock, answered, failed = recorder.clock, recorder.answered, recorder.failed

    def call(*args: Any, **kwargs: Any) -> Any:
        started = clock()
        try:
            result = function(*args, **kwargs)
        except Exception as error:
            failed(method, error, started, clock() - started)
            raise
        answered(method, args, kwargs, result, started, clock() - started)
        return result

    return call


def _recorded_async(function: Callable[..., Any], recorder: Recorder, method: str) -> Callable[..., Any]:
    clock, answered, failed = recorder.clock, recorder.answered, recorder.failed

    async def call(*args: Any, **kwargs: Any) -> Any:
        started = clock()
        try:
            result = await function(*args, **kwargs)
        except Exception as error:
            failed(method, error, started, clock() - started)
            raise
        answered(method, args, kwargs, result, started, clock() - started)
        return result

    return call
