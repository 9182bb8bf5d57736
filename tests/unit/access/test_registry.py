"""A token that was made a moment ago is found by all who show it at once."""

import asyncio
import threading

from tidegauge_collector.access.registry import Registry
from tidegauge_collector.control import TokenRecord

NEW = TokenRecord(id="new", name="a", scope="ingest", deployments=("*",), digest=b"", created_at_us=1, created_by="b")


class SlowTokens:
    """A store that is read when it is told to; it has the new token from the second reading on."""

    def __init__(self) -> None:
        self.reads = 0
        self.asked, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()

    def revision(self) -> int:
        self.asked.set()
        assert self.may_answer.wait(60)
        return self.reads

    def listed(self) -> list[TokenRecord]:
        self.reads += 1
        return [NEW] if self.reads > 1 else []


async def test_who_asks_while_the_store_is_looked_at_waits_for_the_same_look() -> None:
    store = SlowTokens()
    registry = Registry(store, lambda: 1)  # type: ignore[arg-type]
    store.asked.clear()
    store.may_answer.clear()

    first = asyncio.ensure_future(registry.find_or_look("new"))
    assert await asyncio.to_thread(store.asked.wait, 60)
    others = [asyncio.ensure_future(registry.find_or_look(name)) for name in ("new", "new", "unknown")]
    others[0].cancel()
    store.may_answer.set()

    assert await asyncio.gather(first, *others[1:]) == [NEW, NEW, None]
    assert store.reads == 2
    assert await registry.find_or_look("another") is None
    assert store.reads == 2
