"""The record of what people change: who, which setting of which deployment, what it was and what it is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

log = structlog.get_logger(__name__)


def note_change(*, by: str, deployment: str, setting: str, was: Any, now: Any) -> None:
    """A line of the log (`setting.changed`) with plain values; nothing where nothing is another."""
    if was != now:
        log.info("setting.changed", by=by, deployment=deployment, setting=setting, was=was, now=now)


def note_changes(*, by: str, deployment: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """One for each of the settings in `now`."""
    for setting, value in now.items():
        note_change(by=by, deployment=deployment, setting=setting, was=was.get(setting), now=value)
