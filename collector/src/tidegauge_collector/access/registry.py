"""The tokens in memory, as the control store has them: looked up with each call, read again within seconds of a change.

A thread of its own asks for the revision, so that no long query and no job delays a revocation. Where the store cannot be
asked for a minute, nobody is let in any more rather than somebody whose token was revoked meanwhile.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

import structlog

from tidegauge_collector.control import StoreUnavailable, TokenRecord, Tokens

POLL_S = 5.0
LOOK_EVERY_S = 0.2  # however many unknown tokens are shown
STALE_US = 60 * 1_000_000
NOTE_USE_US = 60 * 1_000_000

log = structlog.get_logger(__name__)


class Registry:
    """A map of tokens that follows the store; `close` ends its thread."""

    def __init__(self, store: Tokens, now_us: Callable[[], int]) -> None:
        self._store = store
        self._now_us = now_us
        self._revision = -1
        self._read_at_us = 0
        self._records: Mapping[str, TokenRecord] = MappingProxyType({})
        self._lock = threading.Lock()  # guards _used
        self._used: dict[str, int] = {}  # since it was last written
        self._written_at_us = 0
        self._looked_at = float("-inf")
        self._look: asyncio.Future[None] | None = None
        self._turn = threading.Lock()  # guards what `follow` changes: the thread is not alone in it
        self.failures = 0
        self.refresh()

    def find(self, token: str) -> TokenRecord | None:
        """The token of that id, dead ones too."""
        return self._records.get(token)

    async def find_or_look(self, token: str) -> TokenRecord | None:
        """The token of that id; one that is not known is looked for in the store, as it may have been made a moment ago.

        Else an agent that is quicker than the next turn of the thread would wait minutes before it shows its new token again.
        """
        found = self.find(token)
        if found is not None:
            return found
        if self._look is None or self._look.done():
            if time.monotonic() - self._looked_at < LOOK_EVERY_S:
                return None
            self._looked_at = time.monotonic()
            self._look = asyncio.ensure_future(asyncio.to_thread(self.follow))
        await asyncio.shield(self._look)  # one look serves all who ask meanwhile, and goes on whoever of them goes away
        return self.find(token)

    def records(self) -> list[TokenRecord]:
        """All of them."""
        return list(self._records.values())

    @property
    def is_stale(self) -> bool:
        """Say whether the store could not be asked for so long that revocations may be missing."""
        return self._now_us() - self._read_at_us > STALE_US and self.failures > 0

    def used(self, token: str) -> None:
        """Note that a token was used just now; it is written at most once a minute."""
        with self._lock:
            self._used[token] = self._now_us()

    def refresh(self) -> None:
        """Read the tokens again where they have changed, write when they were used. Raises what the store raises."""
        revision = self._store.revision()
        if revision != self._revision:
            self._records = MappingProxyType({one.id: one for one in self._store.listed()})
            self._revision = revision
        self._read_at_us = self._now_us()

    def write_use(self, *, at_once: bool = False) -> None:
        """Store when tokens were used, if a minute has passed since the last time. Raises what the store raises."""
        now_us = self._now_us()
        if not at_once and 0 <= now_us - self._written_at_us < NOTE_USE_US:
            return
        with self._lock:
            used, self._used = self._used, {}
        self._written_at_us = now_us
        if not used:
            return
        try:
            self._store.note_use(used)
        except BaseException:
            with self._lock:
                self._used = used | self._used  # for the next time; what was used meanwhile was used later
            raise

    def follow(self) -> None:
        """One turn of the thread: never raises because of the store."""
        with self._turn:
            self._follow()

    def _follow(self) -> None:
        try:
            self.refresh()
            self.write_use()
        except Exception as problem:  # noqa: BLE001 - whatever it is: a thread that has ended would miss revocations unseen
            if not self.failures:
                log.warning("access.tokens_unreadable", problem=type(problem).__name__)
            self.failures += 1
        else:
            self.failures = 0

    def close(self) -> None:
        """Write what is not written yet."""
        try:
            self.write_use(at_once=True)
        except StoreUnavailable as problem:
            log.warning("access.last_use_not_written", problem=type(problem).__name__)
