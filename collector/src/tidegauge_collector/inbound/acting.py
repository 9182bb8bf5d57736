"""Does what people did elsewhere, to the alerts that the thread tells of; the same told twice has no effect."""

from __future__ import annotations

from collections.abc import Iterable

from tidegauge_collector.control import ControlStore
from tidegauge_collector.inbound.deeds import Deed
from tidegauge_collector.inbound.slack import SILENCE_S


def act(control: ControlStore, channel: str, deeds: Iterable[Deed], *, now_us: int) -> int:
    """How many alerts or silences were changed. A thread that is not known (any more) is passed over: tools keep tickets for years."""
    return sum(_act(control, channel, deed, now_us) for deed in deeds)


def _act(control: ControlStore, channel: str, deed: Deed, now_us: int) -> int:
    people, actor = control.people, f"{deed.actor or 'somebody'} ({channel})"
    try:
        match deed.kind:
            case "acknowledge":
                return len(people.acknowledge(deed.key, actor=actor, at_us=now_us))
            case "close":
                return len(people.close_by_person(deed.key, actor=actor, at_us=now_us))
            case "assign":
                return len(people.assign(deed.key, deed.text, actor=actor, at_us=now_us))
            case "silence":
                until_us = now_us + SILENCE_S * 1_000_000
                made = people.silence(deed.key, until_us=until_us, actor=actor, at_us=now_us)
                return 0 if made is None else 1
    except LookupError:
        return 0
