"""The transactional store: deployments, versions, baselines, monitors, alerts and the outbox.

Knows neither DuckDB nor the network. Everything goes through `ControlStore`.
"""

from tidegauge_collector.control.alerts import AlertEvent, AlertRow
from tidegauge_collector.control.baselines import BaselineSummary, StoredBaseline
from tidegauge_collector.control.deployments import Deployment, Version
from tidegauge_collector.control.outbox import OutboxRow, Receipt
from tidegauge_collector.control.people import People
from tidegauge_collector.control.silences import Silences
from tidegauge_collector.control.store import ControlStore, StoreUnavailable
from tidegauge_collector.control.talks import ChannelFigures, Context
from tidegauge_collector.control.threads import Thread
from tidegauge_collector.control.tokens import TokenRecord, Tokens

__all__ = [
    "AlertEvent",
    "AlertRow",
    "BaselineSummary",
    "ChannelFigures",
    "Context",
    "ControlStore",
    "Deployment",
    "OutboxRow",
    "People",
    "Receipt",
    "Silences",
    "StoreUnavailable",
    "StoredBaseline",
    "Thread",
    "TokenRecord",
    "Tokens",
    "Version",
]
