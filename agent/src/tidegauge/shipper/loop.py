"""The shipper's loop: one thread that looks at the spool, sends over several epochs at once, and takes the answers in turn.

Everything happens in `step`, which never waits; answers come in through a queue, which `run` waits on.
"""

import logging
import os
import queue
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from tidegauge.errors import TidegaugeError
from tidegauge.shipper.conversation import Conversation, Link
from tidegauge.shipper.outcomes import (
    Acknowledged,
    Denied,
    Failed,
    Outcome,
    Overloaded,
    Purged,
    Refused,
    Rewind,
    Unavailable,
)
from tidegauge.shipper.sender import EpochSender
from tidegauge.shipper.status import ShipperStatus, write_status
from tidegauge.spool.epoch import epoch_of

IN_FLIGHT = 4
POLL_S = 0.1
IDLE_POLL_S = 1.0
DRAIN_S = 10.0  # after SIGTERM
STATUS_EVERY_S = 1.0
_log = logging.getLogger(__name__)


class Clock(Protocol):
    """What the shipper asks of time."""

    def monotonic(self) -> float:
        """Seconds since some moment, never going back."""

    def now_us(self) -> int:
        """Microseconds since 1970-01-01T00:00:00Z."""


class Shipper:
    """Ships one spool root until told to stop, until it is drained, or until nobody has needed it for a while."""

    def __init__(  # noqa: PLR0913 - the one place where a shipper is put together
        self,
        root: Path,
        connect: Callable[[], Link],
        *,
        clock: Clock,
        rng: random.Random,
        version: str,
        collector: str = "",
        drain: bool = False,
        linger_s: float | None = 30.0,
        has_changed: Callable[[], bool] = lambda: False,
    ) -> None:
        """drain: end once everything durable now is acknowledged. linger_s: end so long after the last writer and the last

        acknowledgement, shipped or not (the next agent starts a new shipper); None: never.
        """
        self._root = root
        self._clock = clock
        self._rng = rng
        self._version = version
        self._collector = collector
        self._drain = drain
        self._linger_s = linger_s
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._conversation = Conversation(
            root, connect, clock=clock, rng=rng, version=version, post=self._events.put, has_changed=has_changed
        )
        self._senders: dict[str, EpochSender] = {}
        self._not_ours: set[str] = set()  # finished epochs whose directory somebody else keeps
        self._paused_until = float("-inf")
        self._openings = 0  # of the conversation, as seen last
        self._stop_by: float | None = None
        self._needed_at = clock.monotonic()  # when a writer lived, or the collector last took something
        self._acknowledged_frames = 0
        self._refused_frames = 0
        self._last_error: str | None = None
        self._status: ShipperStatus | None = None
        self._status_at = float("-inf")

    def run(self) -> bool:
        """Ship until the end and say whether everything durable was acknowledged."""
        try:
            while (delay_s := self.step()) is not None:
                self._wait(delay_s)
        finally:
            self._conversation.close()
        self._report(self._clock.monotonic(), is_last=True)
        return self.is_drained

    def stop(self, *, drain_s: float = DRAIN_S) -> None:
        """Ask for the end: send what is there, for so long at most. May be called from a signal handler or another thread."""
        self._events.put(partial(self._begin_stop, drain_s))

    def step(self) -> float | None:
        """Do what can be done now; return the seconds until there may be more to do, None when it is the end."""
        self._take_events()
        now = self._clock.monotonic()
        if not self._root.is_dir():
            return None
        self._look_around(now)
        self._conversation.step(now, [sender.position for sender in self._senders.values()], self._on_marks)
        self._try_denied_again()
        self._send(now)
        self._report(now)
        is_idle = all(sender.blocked or not sender.has_work(now) for sender in self._senders.values())
        if self._is_over(now, is_idle=is_idle):
            return None
        return IDLE_POLL_S if is_idle and now > self._needed_at else POLL_S

    @property
    def is_drained(self) -> bool:
        """Say whether everything that was durable at the last look is acknowledged."""
        now = self._clock.monotonic()
        return not any(sender.blocked or sender.has_work(now) for sender in self._senders.values())

    def _wait(self, delay_s: float) -> None:
        try:
            event = self._events.get(timeout=delay_s)
        except queue.Empty:
            return
        event()

    def _take_events(self) -> None:
        while True:
            try:
                event = self._events.get_nowait()
            except queue.Empty:
                return
            event()

    def _begin_stop(self, drain_s: float) -> None:
        if self._stop_by is None:
            self._stop_by = self._clock.monotonic() + drain_s
        for sender in self._senders.values():
            sender.look_again()  # a writer that has just ended is to be announced as well

    def _look_around(self, now: float) -> None:
        """Take up new epochs, drop those that are done or gone."""
        with os.scandir(self._root) as entries:
            names = {entry.name for entry in entries if epoch_of(entry.name) and entry.is_dir(follow_symlinks=False)}
        for name in names - self._senders.keys() - self._not_ours:
            self._guarded(name, partial(self._take_up, name))
        for name in self._senders.keys() - names:
            del self._senders[name]
        for name, sender in list(self._senders.items()):
            if sender.is_done:
                self._guarded(name, partial(self._remove, name, sender))
            elif sender.is_live(now):
                self._needed_at = now

    def _take_up(self, name: str) -> None:
        self._senders[name] = EpochSender(self._root / name, self._rng)

    def _remove(self, name: str, sender: EpochSender) -> None:
        if not sender.remove():
            self._not_ours.add(name)
        del self._senders[name]

    def _try_denied_again(self) -> None:
        """After a new greeting, perhaps with another token, what was denied may be taken."""
        if self._conversation.openings == self._openings:
            return
        self._openings = self._conversation.openings
        for sender in self._senders.values():
            if sender.denied:
                sender.resume_at = 0.0

    def _send(self, now: float) -> None:
        """Newest epoch first, so that what happens now is seen now; a few at once, so that a backlog moves as well."""
        if not self._conversation.is_open or now < self._paused_until:
            return
        under_way = sum(1 for sender in self._senders.values() if sender.in_flight)
        for name in sorted(self._senders, reverse=True):
            if under_way >= IN_FLIGHT:
                return
            sender = self._senders[name]
            if not (sender.in_flight or sender.blocked or now < sender.resume_at):
                self._guarded(name, partial(self._send_one, sender, now))
                under_way += sender.in_flight is not None

    def _send_one(self, sender: EpochSender, now: float) -> None:
        request = sender.next_request(self._conversation.identity, now)
        self._conversation.serves(sender.deployments, now)
        if request is not None:
            self._conversation.ship(request, partial(self._answered, sender, bool(request.frames)))

    def _answered(self, sender: EpochSender, had_frames: bool, outcome: Outcome) -> None:
        self._guarded(sender.directory.name, partial(self._take_answer, sender, had_frames, outcome))

    def _take_answer(self, sender: EpochSender, had_frames: bool, outcome: Outcome) -> None:
        now = self._clock.monotonic()
        match outcome:
            case Acknowledged(mark, revision):
                settled = sender.acknowledge(mark)
                self._acknowledged_frames += settled
                self._needed_at = now if settled else self._needed_at
                self._conversation.heard(now, revision)
                if had_frames and not settled:
                    sender.fail(now)  # an answer that settles nothing must not be asked for again at once
            case Rewind(expected_seq):
                _log.info("%s: the collector wants it again from %d", sender.epoch, expected_seq)
                sender.rewind(expected_seq)
                sender.resume_at = now + (sender.backoff.next_s() if sender.backoff.failures else 0.0)
                sender.backoff.failures = max(1, sender.backoff.failures)
            case Refused(message):
                self._refused_frames += had_frames
                self._note(f"{sender.epoch}: {message}")
                sender.refuse(message)
            case Purged(message):
                self._note(f"{sender.epoch}: {message}")
                sender.interrupt()
                sender.blocked = message
            case Overloaded(message, retry_after_s, epoch_only):
                sender.interrupt()
                self._last_error = message
                wait_s = self._conversation.backoff.next_s() if retry_after_s is None else retry_after_s
                resume_at = now + wait_s * (1 + self._rng.random())
                if epoch_only:
                    sender.resume_at = resume_at
                else:
                    self._paused_until = resume_at
            case Unavailable(message, _, timed_out):
                sender.interrupt(timed_out=timed_out)
            case Denied(message):
                self._note(f"{sender.epoch}: {message}")
                sender.deny(message, now)
            case Failed(message):
                self._note(f"{sender.epoch}: {message}")
                sender.fail(now)

    def _on_marks(self, asked: dict[bytes, int], marks: dict[bytes, tuple[int, bool]]) -> None:
        """Take the marks of a Hello; one that an Ack has overtaken since it was asked for says nothing."""
        for sender in self._senders.values():
            name = sender.epoch.bytes
            if sender.in_flight or name not in marks or asked.get(name) != sender.acknowledged_seq:
                continue
            mark, is_purged = marks[name]
            if is_purged:
                sender.blocked = "the collector purged the epoch's mark: its frames cannot be told from duplicates"
            elif mark > sender.acknowledged_seq:
                sender.acknowledge(mark)
            elif mark < sender.acknowledged_seq:
                _log.warning(
                    "%s: the collector has %d of %d: sending again", sender.epoch, mark, sender.acknowledged_seq
                )
                sender.rewind(mark + 1)

    def _guarded(self, name: str, action: Callable[[], None]) -> None:
        """Keep an epoch's trouble with files to that epoch."""
        try:
            action()
        except (TidegaugeError, OSError) as error:
            self._note(f"{name}: {error}")
            sender = self._senders.get(name)
            if sender is not None:
                sender.fail(self._clock.monotonic())

    def _note(self, message: str) -> None:
        if message != self._last_error:
            _log.warning("%s", message)
        self._last_error = message

    def _is_over(self, now: float, *, is_idle: bool) -> bool:
        if self._stop_by is not None:
            return is_idle or now >= self._stop_by
        if self._drain:
            return is_idle
        return self._linger_s is not None and now - self._needed_at >= self._linger_s

    def _report(self, now: float, *, is_last: bool = False) -> None:
        if now - self._status_at < STATUS_EVERY_S and not is_last:
            return
        status = ShipperStatus(
            pid=os.getpid(),
            version=self._version,
            collector=self._collector,
            connected=self._conversation.is_open and not is_last,
            last_error=self._conversation.last_error or self._last_error,
            acknowledged_frames=self._acknowledged_frames,
            refused_frames=self._refused_frames,
            config_revision=self._conversation.config_revision,
            acknowledged={name: sender.acknowledged_seq for name, sender in self._senders.items()},
            blocked={name: sender.blocked for name, sender in self._senders.items() if sender.blocked},
            denied={name: sender.denied for name, sender in self._senders.items() if sender.denied},
        )
        if status != self._status:
            self._status_at, self._status = now, status
            self._guarded("shipper.json", partial(write_status, self._root, status))
