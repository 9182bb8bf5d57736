"""Looking at tickets: one that cannot be read costs its own look, and no other."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

from tidegauge_collector.control import Thread
from tidegauge_collector.inbound.polling import Polling
from tidegauge_collector.notify.hearing import Hearing, Look


class Tool:
    """A channel of whose tickets the first cannot be read."""

    name = "tickets"
    hearing = Hearing("jira")
    endpoint = SimpleNamespace(redact_in=lambda found: found)

    def __init__(self) -> None:
        self.looked_at: list[int] = []

    def look(self, thread: Thread) -> Look:
        self.looked_at.append(thread.id)
        yield from [1 / 0] if thread.id == 1 else []  # type: ignore[misc]
        return None


async def test_a_ticket_that_cannot_be_read_is_counted_and_the_next_one_is_looked_at() -> None:
    tool = Tool()
    threads = [
        Thread(
            id=number,
            channel="tickets",
            key="k",
            labels={},
            is_open=True,
            opened_at_us=0,
            closed_at_us=None,
            remembered={},
        )
        for number in (1, 2)
    ]
    control: Any = SimpleNamespace(talks=SimpleNamespace(open_threads=lambda _: list(threads)))
    channels: Any = [tool]
    polling = Polling(
        control,
        channels,
        clock=SimpleNamespace(now_us=lambda: 0, sleep=None),  # type: ignore[arg-type]
        is_paused=lambda _: False,
        on_change=lambda: None,
        session_factory=lambda _: nullcontext(),  # type: ignore[arg-type, return-value]
    )

    assert await polling.look() == 0
    assert tool.looked_at == [1, 2]
    assert polling.counts == {("tickets", "ZeroDivisionError"): 1, ("tickets", "unseen"): 2}
