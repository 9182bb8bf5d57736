"""Tidegauge: one line wraps any model's `predict`; its statistics are spooled to disk and shipped to a collector.

>>> import tidegauge
>>> agent = tidegauge.init("flights-delay", version="2026-11")
>>> @agent.watch
... def predict(row):
...     return 0.5
>>> predict({"distance": 430.0})
0.5
"""

from tidegauge.agent import Agent, init
from tidegauge.capture import Observed
from tidegauge.core.humility import Rule
from tidegauge.errors import PredictionRefused, SpoolError, TidegaugeError, UsageError
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
