"""What a request's headers say of the predictions within: who asks, the prediction's id, the batch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from tidegauge.agent import Agent
from tidegauge.core.columns import MAX_NAME_LENGTH

ReadHeader = Callable[[str], str | None]
Leave = Callable[[], None]


@dataclass(frozen=True, slots=True)
class HeaderNames:
    """Names of headers; None: nothing is taken from any."""

    consumer: str | None = None
    prediction_id: str | None = None
    batch: str | None = None


def enter(agent: Agent, names: HeaderNames, read: ReadHeader) -> Leave:
    """Begin the agent's context of a request, as its headers say (`read` gives one by name); what is returned ends it.

    Neither raises: a fault of ours is counted. An id is not taken from a header where the agent takes it from a column.
    """
    try:
        prediction_id = _value(None if agent.settings.id_column else names.prediction_id, read)
        consumer, batch = _value(names.consumer, read), _value(names.batch, read)
        context = agent.context(prediction_ids=prediction_id, consumer=consumer or "", batch=batch or "")
        context.__enter__()
    except Exception:  # noqa: BLE001 - the request goes on without a context
        agent._recorder.count_fault()
        return _nothing
    return partial(_leave, agent, context)


def _leave(agent: Agent, context: AbstractContextManager[None]) -> None:
    try:
        context.__exit__(None, None, None)
    except Exception:  # noqa: BLE001 - e.g. a framework that ends a request elsewhere than it began
        agent._recorder.count_fault()


def _nothing() -> None:
    """The end of a context that never began."""


def _value(name: str | None, read: ReadHeader) -> str | None:
    """A header's value, cut at 128 characters as all names are; None where it is empty or not there."""
    value = read(name) if name else None
    return value.strip()[:MAX_NAME_LENGTH] or None if value else None
