"""Tidegauge: one line wraps any model's `predict`; its statistics are spooled to disk and shipped to a collector.

>>> import tidegauge
>>> agent = tidegauge.init("flights-delay", version="2026-11")
>>> @agent.watch
... def predict(row):
...     return 0.5
>>> predict({"distance": 430.0})
0.5
"""

from typing import TYPE_CHECKING

from tidegauge.version import __version__

__all__ = [
    "Agent",
    "Observed",
    "PredictionRefused",
    "Rule",
    "SpoolError",
    "TidegaugeError",
    "UsageError",
    "__version__",
    "init",
]

if TYPE_CHECKING:
    from tidegauge.agent import Agent, init
    from tidegauge.capture import Observed
    from tidegauge.core.humility import Rule
    from tidegauge.errors import PredictionRefused, SpoolError, TidegaugeError, UsageError
else:
    from importlib import import_module

    _ROOMS = {
        "Agent": "agent",
        "Observed": "capture",
        "PredictionRefused": "errors",
        "Rule": "core.humility",
        "SpoolError": "errors",
        "TidegaugeError": "errors",
        "UsageError": "errors",
        "init": "agent",
    }

    def __getattr__(name):
        """A public name at its first use (PEP 562): importing the package loads neither numpy nor protobuf."""
        if name not in _ROOMS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
        return value

    def __dir__():
        return sorted({*globals(), *_ROOMS})
