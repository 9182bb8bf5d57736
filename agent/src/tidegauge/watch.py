"""Wraps a model or function: the call goes through first-class, and what it saw is handed to the capture.

This is the boundary that nothing of ours crosses: the model's results and exceptions pass untouched, our own faults are counted and
swallowed, and after repeated ones capturing pauses for a minute.
"""

from __future__ import annotations

import copy
import copyreg
import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from numpy import ndarray

from tidegauge.capture import STATED, Recorder, current_context
from tidegauge.chaining import chained_methods, like_method
from tidegauge.complaints import COMPLAINTS
from tidegauge.copies import FLOAT64, SCALARS, SMALL_VALUES
from tidegauge.guard import acts, guarded
from tidegauge.recognition import methods_of
from tidegauge.streams import recorded_async_generator, recorded_generator
from tidegauge.worker.calls import Form, Origin

M = TypeVar("M")
METHODS = ("predict", "predict_proba", "decision_function", "__call__")
_RECORDER = "__tidegauge_recorder__"
_NOTHING = object()  # in place of a first argument that was not given


def watch(target: M, recorder: Recorder) -> M:
    """The same object or function, its calls recorded. Never raises: what cannot be wrapped is returned as it is.

    Watched a second time for the same deployment and version it stays as it is: no call is counted twice.
    """
    try:
        if inspect.isclass(target):
            _complain(recorder, f"the class {target.__name__} is not watched: watch what it makes")
            return target
        if getattr(_watched_by(target), "target", None) is recorder.target:
            return target
        if inspect.isroutine(target) or isinstance(target, functools.partial):
            return cast(M, _watch_function(cast(Callable[..., Any], target), recorder))
        return cast(M, _watch_object(target, recorder))
    except Exception:  # noqa: BLE001 - the host goes on unwatched; status() shows the count
        recorder.count_fault()
        return target


def _complain(recorder: Recorder, message: str) -> None:
    COMPLAINTS.warn(recorder.target.settings.root, f"watch: {message}")


def _watched_by(target: Any) -> object:
    """The recorder of a watched object (its class has it) or function."""
    return vars(type(target)).get(_RECORDER) or getattr(target, "__dict__", {}).get(_RECORDER)


def _watch_function(function: Callable[..., Any], recorder: Recorder) -> Callable[..., Any]:
    make = _recorded_in_class if _is_method_in_class(function) else _recorded
    call = functools.wraps(function)(make(function, recorder, "__call__"))
    setattr(call, _RECORDER, recorder)
    return call


def _is_method_in_class(function: Callable[..., Any]) -> bool:
    """Whether a function is decorated in the body of a class: its first argument is the object then, not the input."""
    if not inspect.isfunction(function):
        return False
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return "." in function.__qualname__.rpartition("<locals>.")[2] and names[:1] in {("self",), ("cls",)}


def _recorded_in_class(function: Callable[..., Any], recorder: Recorder, method: str) -> Callable[..., Any]:
    """A function for the body of a class: what it is bound to goes to the model as ever, and is no input."""
    name = method if function.__name__ not in METHODS else function.__name__

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _recorded(functools.partial(function, self), recorder, name)(*args, **kwargs)

    async def call_async(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await _recorded(functools.partial(function, self), recorder, name)(*args, **kwargs)

    return call_async if inspect.iscoroutinefunction(function) else call


def _watch_object(model: Any, recorder: Recorder) -> Any:
    import wrapt  # noqa: PLC0415 - it loads asyncio, which nobody needs who only imports us

    recorder.learn_from(model)
    namespace: dict[str, Any] = {
        _RECORDER: recorder,
        "__reduce__": _reduce,
        "__reduce_ex__": _reduce_ex,
        "__deepcopy__": _deepcopy,
        "__copy__": _copy,
        "__repr__": _repr,
    }
    namespace |= chained_methods(model)
    for name in (*METHODS, *methods_of(model)):
        if _has(model, name):
            namespace[name] = _method(getattr(model, name), recorder, name)
    if not any(name in namespace for name in (*METHODS, *methods_of(model))):
        _complain(recorder, f"nothing of a {type(model).__name__} is recorded: it has none of {', '.join(METHODS)}")
    kind = wrapt.ObjectProxy if hasattr(type(model), "__iter__") else wrapt.BaseObjectProxy
    return type("Watched" + type(model).__name__, (kind,), namespace)(model)


def _has(model: Any, name: str) -> bool:
    try:
        return callable(model) if name == "__call__" else callable(getattr(model, name, None))
    except Exception:  # noqa: BLE001 - a property that is not ready: it raises to whoever asks the watched model for it
        return False


def _method(method: Callable[..., Any], recorder: Recorder, name: str) -> Callable[..., Any]:
    """A function for the proxy's class, so that `proxy.predict` is a bound method: it pickles as the bare model's."""
    call = _recorded(method, recorder, name, is_method=True)
    return like_method(call, method)


def _reduce(proxy: Any) -> Any:
    return _reduce_ex(proxy, 0)


def _reduce_ex(proxy: Any, protocol: int) -> Any:
    model = proxy.__wrapped__
    registered = copyreg.dispatch_table.get(type(model))
    return registered(model) if registered is not None else model.__reduce_ex__(protocol)


def _deepcopy(proxy: Any, memo: dict[int, Any]) -> Any:
    return copy.deepcopy(proxy.__wrapped__, memo)


def _copy(proxy: Any) -> Any:
    return copy.copy(proxy.__wrapped__)


def _repr(proxy: Any) -> str:
    return repr(proxy.__wrapped__)


def _recorded(
    function: Callable[..., Any], recorder: Recorder, method: str, *, is_method: bool = False
) -> Callable[..., Any]:
    for asks, make in _STREAMS.items():
        if _is(asks, function):
            return _with_self(make(function, recorder, method)) if is_method else make(function, recorder, method)
    if _is(inspect.iscoroutinefunction, function):
        bound = _recorded_async(function, recorder, method)
    else:
        bound = _recorded_sync(function, recorder, method)
    bound = guarded(bound, recorder, method) if acts(recorder) else bound
    return bound if is_method else _without_self(bound)


def _recorded_sync(function: Callable[..., Any], recorder: Recorder, method: str) -> Callable[..., Any]:
    """The hot path, written out in one function: a call of a second one would cost a fifth of all that is added.

    One row of plain data goes into the buffer here; everything else is left to the recorder.
    """
    clock, answered, failed = recorder.clock, recorder.answered, recorder.failed
    fields, buffer, context, stated = recorder.fields, recorder.buffer, current_context.get, STATED
    extend, scalars, float64, nothing = fields.extend, SCALARS, FLOAT64, _NOTHING
    by_reference, most = recorder.options.by_reference, SMALL_VALUES
    names = Origin(recorder.target, method, Form.ROW_OF_NAMES)
    floats = Origin(recorder.target, method, Form.ANY if by_reference else Form.ROW_OF_FLOATS)

    def call(_proxy: Any, row: Any) -> Any:
        started = clock()
        try:
            result = function(row)
        except Exception as error:
            failed(method, error, started, clock())
            raise
        ended = clock()
        if recorder.is_open and len(fields) < buffer.full and (type(result) is float or type(result) in scalars):
            if type(row) is ndarray and row.dtype is float64:
                dimensions = row.ndim  # one row, whose shape nobody needs
                size = len(row) if dimensions == 1 else row.size if dimensions == 2 and len(row) == 1 else 0
                if size and size <= most:
                    own: Any = row if by_reference else row.tobytes()
                    extend((floats, own, result, started, ended, context() if stated.ever else None))
                    return result
            elif type(row) is dict:
                own = row if by_reference else row.copy()
                extend((names, own, result, started, ended, context() if stated.ever else None))
                return result
        answered(method, (row,), {}, result, started, ended)
        return result

    def call_any(_proxy: Any, /, *args: Any, **kwargs: Any) -> Any:
        started = clock()
        try:
            result = function(*args, **kwargs)
        except Exception as error:
            failed(method, error, started, clock())
            raise
        answered(method, args, kwargs, result, started, clock())
        return result

    def call_first(_proxy: Any, row: Any = nothing, /, *more: Any, **kwargs: Any) -> Any:
        if more or kwargs or row is nothing:
            return call_any(_proxy, *_args(row, more), **kwargs)
        return call(_proxy, row)

    if recorder.options.extract is not None:
        return call_any
    only = _only_parameter(function)
    return call_first if only is None else _with_parameter(call, only) or call_first


def _only_parameter(function: Callable[..., Any]) -> str | None:
    """The name of the one parameter of a method that takes one and nothing else, in whatever way it is called."""
    inner = getattr(function, "__func__", None)
    if not (inspect.ismethod(function) and inspect.isfunction(inner)) or inner.__defaults__ is not None:
        return None
    code = inner.__code__
    takes_more = code.co_kwonlyargcount or code.co_posonlyargcount or code.co_flags & _TAKES_ANY
    return None if takes_more or code.co_argcount != 2 else code.co_varnames[1]


_TAKES_ANY = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def _with_parameter(call: Any, name: str) -> Callable[..., Any] | None:
    """The function with its second parameter under that name; None where another variable has it. To take whatever may come
    (`*more`, `**kwargs`) and look whether it did would cost a fifth of all that is added to a call."""
    code = call.__code__
    first, _, *others = code.co_varnames
    if name in {first, *others, *code.co_freevars, *code.co_cellvars}:
        return None
    call.__code__ = code.replace(co_varnames=(first, name, *others))
    return cast(Callable[..., Any], call)


def _args(first: Any, more: tuple[Any, ...]) -> tuple[Any, ...]:
    return more if first is _NOTHING else (first, *more)


def _recorded_async(function: Callable[..., Any], recorder: Recorder, method: str) -> Callable[..., Any]:
    clock, answered, failed = recorder.clock, recorder.answered, recorder.failed

    async def call(_proxy: Any, /, *args: Any, **kwargs: Any) -> Any:
        started = clock()
        try:
            result = await function(*args, **kwargs)
        except Exception as error:
            failed(method, error, started, clock())
            raise
        answered(method, args, kwargs, result, started, clock())
        return result

    return call


def _is(asks: Callable[[Any], Any], function: Callable[..., Any]) -> bool:
    """Whether inspect says so of the function, of what a partial calls, or of an object's `__call__`."""
    inner = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    return bool(asks(inner) or asks(getattr(inner, "__call__", None)))  # noqa: B004


_STREAMS: dict[Callable[[Any], Any], Callable[..., Callable[..., Any]]] = {
    inspect.isasyncgenfunction: recorded_async_generator,
    inspect.isgeneratorfunction: recorded_generator,
}


def _with_self(bound: Callable[..., Any]) -> Callable[..., Any]:
    def call(_proxy: Any, /, *args: Any, **kwargs: Any) -> Any:
        return bound(*args, **kwargs)

    return call


def _without_self(bound: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(bound):

        async def call_async(*args: Any, **kwargs: Any) -> Any:
            return await bound(None, *args, **kwargs)

        return call_async

    def call(*args: Any, **kwargs: Any) -> Any:
        return bound(None, *args, **kwargs)

    return call
