"""How a channel hears of what people did in its tool: by calls that show a secret, or by looking at its tickets."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from tidegauge_collector.control import Thread
from tidegauge_collector.notify.channel import Answer, Request

Look = Generator[Request, Answer, Mapping[str, Any] | None]
"""Asks for a thread's ticket; returns it as the tool has it, None where it is gone or the tool does not say."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """`tool`: whose calls they are. `secret`: what they show, "" where none are taken. `own`: the account that we act as ourselves."""

    tool: Literal["slack", "jira", "servicenow"]
    secret: str = field(default="", repr=False)
    own: str = ""


@runtime_checkable
class Hears(Protocol):
    """A kind of channel of whose tool calls can come."""

    @property
    def hearing(self) -> Hearing:
        """What they show."""


@runtime_checkable
class Looks(Protocol):
    """A kind of channel whose tickets can be looked at."""

    def look(self, thread: Thread) -> Look:
        """The talk that asks for the thread's ticket. Pure."""


def hearing_of(channel: object) -> Hearing | None:
    """How a channel hears of what people do; None of one that does not."""
    return channel.hearing if isinstance(channel, Hears) else None
