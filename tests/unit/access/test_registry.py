"""A token that was made a moment ago is found by all who show it at once."""

import asyncio
import threading
from collections.abc import Callable, Mapping

import pytest

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


class FullTokens(SlowTokens):
    """A store that cannot be written while it is full."""

    def __init__(self) -> None:
        super().__init__()
        self.is_full = True
        self.noted: dict[str, int] = {}
        self.meanwhile: Callable[[], None] = lambda: None

    def note_use(self, used_at_us: Mapping[str, int]) -> None:
        self.meanwhile()
        if self.is_full:
            raise OSError("no space left")
        self.noted.update(used_at_us)


def test_when_tokens_were_used_is_written_later_where_the_store_was_full() -> None:
    store, now = FullTokens(), [1]
    registry = Registry(store, lambda: now[0])  # type: ignore[arg-type]

    def use_again() -> None:
        now[0] = 2
        registry.used("often")

    registry.used("once")
    registry.used("often")
    store.meanwhile = use_again
    with pytest.raises(OSError, match="no space"):
        registry.write_use(at_once=True)
    store.is_full, store.meanwhile = False, lambda: None
    registry.write_use(at_once=True)

    assert store.noted == {"once": 1, "often": 2}
