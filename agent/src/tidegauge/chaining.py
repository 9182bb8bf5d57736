"""Methods of a model that return the model itself return the watched one: `agent.watch(model).eval()` is watched still."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

CHAINED = (
    *("fit", "partial_fit", "set_params", "set_output"),  # scikit-learn's
    *(
        "eval",
        "train",
        "to",
        "cpu",
        "float",
        "double",
        "half",
        "bfloat16",
        "requires_grad_",
        "share_memory",
    ),  # PyTorch's
)


def chained_methods(model: Any) -> dict[str, Callable[..., Any]]:
    """For the class of a model's proxy: those of the methods that the model has."""
    methods = {name: _method_of(model, name) for name in CHAINED}
    return {name: _chained(method, name) for name, method in methods.items() if callable(method)}


def _method_of(model: Any, name: str) -> Any:
    try:
        return getattr(model, name, None)
    except Exception:  # noqa: BLE001 - a property of the host's that does not like to be asked now
        return None


def _chained(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    def call(proxy: Any, /, *args: Any, **kwargs: Any) -> Any:
        model = proxy.__wrapped__
        result = getattr(model, name)(*args, **kwargs)
        return proxy if result is model else result

    return like_method(call, method)


def like_method(call: Callable[..., Any], method: Callable[..., Any]) -> Callable[..., Any]:
    """`call`, a function for the proxy's class, with the name, documentation and signature of the model's bound `method`."""
    functools.update_wrapper(call, method, assigned=("__doc__", "__name__", "__qualname__", "__module__"), updated=())
    try:
        signature = inspect.signature(method)
        itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        call.__signature__ = signature.replace(parameters=[itself, *signature.parameters.values()])  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        pass  # some compiled methods do not tell theirs
    del call.__wrapped__  # type: ignore[attr-defined]
    return call
