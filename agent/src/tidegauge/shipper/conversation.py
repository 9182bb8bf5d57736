"""The shipper's side of a conversation: greets, greets again when it is time, takes the configuration, waits after a loss."""

import logging
import os
import random
import socket
import uuid
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from typing import Protocol

from tidegauge.errors import TidegaugeError, WireError
from tidegauge.shipper.backoff import Backoff
from tidegauge.shipper.outcomes import Denied, Greeted, Outcome, Unavailable
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.binsfile import write_configuration
from tidegauge.wire.codec import PROTOCOL_VERSION

HELLO_EVERY_S = 60.0
HELLO_PAUSE_S = 1.0  # at least between two, however often the configuration changes
MAX_EPOCHS = 2_000  # named in one Hello; the newest
MAX_DEPLOYMENTS = 2_000  # likewise; who serves more gets the configuration of all
_log = logging.getLogger(__name__)

Done = Callable[[Outcome], None]
Marks = dict[bytes, tuple[int, bool]]
OnMarks = Callable[[dict[bytes, int], Marks], None]


class Link(Protocol):
    """A way to a collector: calls do not wait, `done` is called once from any thread."""

    def hello(self, request: pb.HelloRequest, done: Done) -> None:
        """Greet the collector."""

    def ship(self, request: pb.ShipRequest, done: Done) -> None:
        """Hand over a batch."""

    def close(self) -> None:
        """End all calls."""


class _Clock(Protocol):
    def monotonic(self) -> float: ...

    def now_us(self) -> int: ...


class Conversation:
    """Open after a Hello was answered, until the connection is lost. `post` brings an answer into the loop's thread."""

    def __init__(
        self,
        root: Path,
        connect: Callable[[], Link],
        *,
        clock: _Clock,
        rng: random.Random,
        version: str,
        post: Callable[[Callable[[], None]], None],
        has_changed: Callable[[], bool] = lambda: False,
    ) -> None:
        """`has_changed` says whether a new connection would be made in another way, e.g. with a renewed certificate."""
        self._root = root
        self._has_changed = has_changed
        self._connect = connect
        self._clock = clock
        self._post = post
        self._link: Link | None = None
        self._hello_under_way = False
        self._hello_due_at = float("-inf")
        self._greeted_at = float("-inf")
        self.identity = pb.AgentIdentity(
            host=socket.gethostname(), pid=os.getpid(), agent_version=version, instance_id=uuid.uuid4().hex
        )
        self.backoff = Backoff(rng)
        self.is_open = False
        self.openings = 0  # how often it has become open
        self.last_error: str | None = None
        self.config_revision = 0  # of all that `_answered` names
        self._wanted: set[str] = set()  # deployments that are served here
        self._answered: frozenset[str] = frozenset()  # those whose configuration has been asked for and given

    def step(self, now: float, positions: Iterable[Callable[[], pb.EpochPosition]], on_marks: OnMarks) -> None:
        """Greet when it is time, and anew at once when address or credentials have changed."""
        if self._has_changed():
            self._renew(now)
        if self._hello_under_way or now < self._hello_due_at:
            return
        epochs = sorted((position() for position in positions), key=lambda one: one.epoch)[-MAX_EPOCHS:]
        self._wanted.update(*(one.deployments for one in epochs))
        wanted = frozenset(self._wanted)
        request = pb.HelloRequest(
            protocol_version=PROTOCOL_VERSION,
            agent=self.identity,
            epochs=epochs,
            sent_at_us=self._clock.now_us(),
            config_revision=self.config_revision if wanted == self._answered else 0,
        )
        if len(wanted) <= MAX_DEPLOYMENTS:
            request.wanted.names.extend(sorted(wanted))
            request.wanted.SetInParent()  # none wanted is not the same as nothing said
        asked = {one.epoch: one.acknowledged_seq for one in epochs}
        try:
            link = self._link = self._link or self._connect()
        except (OSError, TidegaugeError) as error:
            self._lose(now, Unavailable(f"cannot connect: {error}", needs_person=True))
            return
        self._hello_under_way = True

        def done(outcome: Outcome) -> None:
            self._post(partial(self._greeted, link, wanted, partial(on_marks, asked), outcome))

        link.hello(request, done)

    def serves(self, deployments: AbstractSet[str], now: float) -> None:
        """Say whose frames are here: the configuration of a new one is asked for soon."""
        if not deployments <= self._wanted:
            self._wanted |= deployments
            self._hello_due_at = min(self._hello_due_at, max(now, self._greeted_at + HELLO_PAUSE_S))

    def ship(self, request: pb.ShipRequest, done: Done) -> None:
        """Hand over a batch; only while open."""
        link = self._link
        assert link is not None  # noqa: S101  open conversations have one
        link.ship(request, lambda outcome: self._post(partial(self._shipped, link, done, outcome)))

    def heard(self, now: float, config_revision: int) -> None:
        """Take what an Ack says: the collector is well, and perhaps its configuration has changed."""
        self.backoff.reset()
        self.last_error = None
        if config_revision != self.config_revision:
            self._hello_due_at = min(self._hello_due_at, max(now, self._greeted_at + HELLO_PAUSE_S))

    def close(self) -> None:
        """End it."""
        self.is_open = False
        if self._link is not None:
            self._link.close()

    def _lose(self, now: float, loss: Unavailable) -> None:
        """All calls end, and after a while a new connection is made: with it new addresses and certificates are looked at."""
        if self.last_error != loss.message:
            _log.warning("collector lost: %s", loss.message)
        self.last_error = loss.message
        self.is_open = False
        self._hello_under_way = False
        link, self._link = self._link, None  # first: the calls that end now belong to the past
        if link is not None:
            link.close()
        self._hello_due_at = now + (self.backoff.longest_s() if loss.needs_person else self.backoff.next_s())

    def _renew(self, now: float) -> None:
        """Give the connection up, if there is one, without waiting: calls under way end and are made again over the next."""
        _log.info("address or credentials have changed: connecting anew")
        self.is_open = False
        self._hello_under_way = False
        link, self._link = self._link, None
        if link is not None:
            link.close()
        self._hello_due_at = now

    def _shipped(self, link: Link, done: Done, outcome: Outcome) -> None:
        done(outcome)
        if isinstance(outcome, Unavailable) and link is self._link:
            self._lose(self._clock.monotonic(), outcome)

    def _greeted(self, link: Link, wanted: frozenset[str], on_marks: Callable[[Marks], None], outcome: Outcome) -> None:
        if link is not self._link:
            return  # an answer over a connection that is given up
        now = self._clock.monotonic()
        self._hello_under_way = False
        if not isinstance(outcome, Greeted):
            message = getattr(outcome, "message", str(outcome))
            lost = Unavailable(message, needs_person=isinstance(outcome, Denied))
            self._lose(now, outcome if isinstance(outcome, Unavailable) else lost)
            return
        if self.is_open:
            self.backoff.reset()  # it has been well for a while
        else:
            _log.info("collector found")
            self.openings += 1
        self.is_open = True
        self.last_error = None
        self._greeted_at = now
        self._hello_due_at = now + HELLO_EVERY_S
        on_marks({mark.epoch: (mark.mark, mark.refused) for mark in outcome.reply.marks})
        self._answered = wanted
        self._take_configuration(outcome.reply)

    def _take_configuration(self, reply: pb.HelloReply) -> None:
        """Write the bins that the workers count in; what cannot be used is logged, and asked for again with the next change."""
        for configuration in reply.configurations:
            try:
                write_configuration(self._root, configuration)
            except (WireError, OSError) as error:
                _log.warning("bins of %s %r: %s", configuration.deployment, configuration.version, error)
        self.config_revision = reply.config_revision
