"""The control store: one file, short transactions, from any thread; each method is one transaction.

Deployments are named by their name, times are microseconds since the epoch (`now_us`) and never read from a clock here.
A name that does not exist raises LookupError; a locked or full disk raises StoreUnavailable, after waiting for the lock.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from tidegauge_collector.control import (
    alerts,
    baselines,
    deployments,
    labelling,
    monitors,
    outbox,
    overview,
    revisions,
    schema,
    telling,
    threads,
    transitions,
    verdicts,
)
from tidegauge_collector.control.agents import StoredAgents
from tidegauge_collector.control.alerts import AlertEvent, AlertFigures, AlertRow, AlertTimes, Wanted
from tidegauge_collector.control.baselines import BaselinePart, BaselineSummary, StoredBaseline
from tidegauge_collector.control.definitions import Definitions
from tidegauge_collector.control.deletions import Deletions
from tidegauge_collector.control.deployments import Deployment, Version
from tidegauge_collector.control.engine import open_engine, writing
from tidegauge_collector.control.outbox import Message, OutboxRow, Receipt
from tidegauge_collector.control.overview import Overview
from tidegauge_collector.control.people import People
from tidegauge_collector.control.requests import Requests
from tidegauge_collector.control.silences import Silences
from tidegauge_collector.control.talks import Talks
from tidegauge_collector.control.tokens import Tokens
from tidegauge_collector.control.verdicts import Verdicts
from tidegauge_collector.core.advancing import Update
from tidegauge_collector.core.alerts import SeriesState
from tidegauge_collector.core.custom import CustomMetric
from tidegauge_collector.core.judging import SeriesKey
from tidegauge_collector.core.matching import Matchers
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.routing import Routing
from tidegauge_collector.errors import ConfigError

StoreUnavailable = OperationalError  # the file is locked or the disk full: what failed was undone, try again later


class ControlStore:
    """Deployments, versions, baselines, monitors, alerts and the outbox in a SQLite file; `close` it in the end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._read: Callable[[], AbstractContextManager[Session]] = sessionmaker(engine).begin
        self._begin: Callable[[], AbstractContextManager[Session]] = sessionmaker(writing(engine)).begin
        self._generation = 0
        self._revision: tuple[int, int] | None = None  # a generation, and the revision in it
        self._deployments: tuple[int, tuple[Deployment, ...]] | None = None  # likewise
        self._overviews: tuple[int, Mapping[str, Overview]] | None = None
        self.tokens = Tokens(self._read, self._note)
        self.requests = Requests(self._read, self._note)
        self.agents = StoredAgents(self._read, self._note)
        self.deletions = Deletions(self._read, self._note)
        self.definitions = Definitions(self._read, self._write)
        self.silences = Silences(self._read, self._note)
        self.people = People(self._note, self.silences)
        self.talks = Talks(self._read, self._note)

    @property
    def generation(self) -> int:
        """Goes up after each change of configuration that this process has made: what was read in one holds while it stands."""
        return self._generation

    @contextmanager
    def _write(self) -> Iterator[Session]:
        try:
            with self._begin() as session:
                yield session
        finally:
            self._generation += 1

    @contextmanager
    def _note(self) -> Iterator[Session]:
        """A write that is no configuration: states, alerts, deliveries, agents seen. What is known of configuration still holds."""
        with self._begin() as session:
            yield session

    @classmethod
    def open(cls, path: Path) -> Self:
        """Opens or makes the file and brings it to this version's schema, with a backup beside it before.

        Raises ConfigError where `path` cannot be a control store, NewerDataError where a newer Tidegauge wrote it.
        """
        if not path.parent.is_dir():
            raise ConfigError(f"control store {path}: the directory {path.parent} does not exist; make it first")
        engine = open_engine(path)
        try:
            schema.upgrade(engine, path)
        except OperationalError:
            engine.dispose()
            raise
        except DatabaseError as problem:
            engine.dispose()
            raise ConfigError(
                f"control store {path} is no intact SQLite database ({problem.orig}): put back a backup, or move it away"
            ) from problem
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Closes the connections that no transaction uses; no method may run any more."""
        self._engine.dispose()

    def ping(self) -> None:
        """Reads one row; raises what a broken store raises."""
        self.config_revision()

    def config_revision(self) -> int:
        """Number of the newest change of configuration, over all deployments; 0 before the first. No other process changes it."""
        generation, known = self._generation, self._revision
        if known is not None and known[0] == generation:
            return known[1]
        with self._read() as session:
            current = revisions.current(session)
        self._revision = (generation, current)
        return current

    # deployments and versions

    def ensure_deployment(self, name: str, *, proposal: Mapping[str, Any], now_us: int) -> Deployment:
        """The deployment of that name, made with its default monitors where it is new.

        `proposal` may have timezone, task, positive_class, classes, alerts and segments. It fills a new deployment; of an
        old one only task, positive_class and classes, while unknown. Empty values and other keys say nothing.
        Raises ValueError where it proposes an unknown time zone or kind of alerts for a new deployment.
        """
        with self._write() as session:
            return deployments.ensure(session, name, proposal, now_us)

    def deployments(self) -> list[Deployment]:
        """All deployments by name: read once in each generation."""
        generation, known = self._generation, self._deployments
        if known is None or known[0] != generation:
            with self._read() as session:
                known = generation, tuple(deployments.listed(session))
            self._deployments = known
        return list(known[1])

    def overviews(self) -> Mapping[str, Overview]:
        """The same with their versions, by name."""
        generation, known = self._generation, self._overviews
        if known is None or known[0] != generation:
            with self._read() as session:
                known = generation, MappingProxyType(overview.overviews(session))
            self._overviews = known
        return known[1]

    def deployment(self, name: str) -> Deployment | None:
        """The deployment of that name, or None."""
        with self._read() as session:
            return deployments.find(session, name)

    def change_deployment(self, name: str, changes: Mapping[str, Any], *, actor: str, now_us: int) -> tuple[int, ...]:
        """Sets attributes (`core.attributes`); the ids of alerts withdrawn as monitors do not match its labels any more.

        Raises LookupError where there is no such deployment.
        """
        with self._write() as session:
            return deployments.change(session, name, changes, actor=actor, now_us=now_us)

    def change_metric(self, name: str, metric: str, said: CustomMetric | None) -> CustomMetric | None:
        """Sets what people say of a metric of their own, None: nothing; what was said before. Raises LookupError or ValueError (see
        `deployments`)."""
        with self._write() as session:
            return deployments.change_metric(session, name, metric, said)

    def ensure_version(self, deployment: str, name: str, *, role: str, now_us: int) -> Version:
        """The version of that name, made where it is new; the role that was seen first stays."""
        with self._write() as session:
            return deployments.ensure_version(session, deployment, name, role, now_us)

    def versions(self, deployment: str) -> list[Version]:
        """The versions of a deployment, oldest first."""
        with self._read() as session:
            return deployments.versions(session, deployment)

    # baselines

    def add_baseline_part(  # noqa: PLR0913 - one part of one baseline has that many sides
        self,
        deployment: str,
        version: str,
        *,
        digest: bytes,
        part: int,
        parts: int,
        payload: bytes,
        origin: str,
        rows: int,
        bins_id: bytes,
        now_us: int,
    ) -> str:
        """Keeps part `part` (from 0) of `parts`, once; returns the baseline's status: incomplete, active or proposed.

        Raises ValueError where the part contradicts itself, or an incomplete baseline of its digest is cut up otherwise.
        """
        piece = BaselinePart(
            digest=digest, part=part, parts=parts, payload=payload, origin=origin, rows=rows, bins_id=bins_id
        )
        with self._write() as session:
            return baselines.add_part(session, deployment, version, piece, now_us)

    def active_baseline(self, deployment: str, version: str) -> StoredBaseline | None:
        """The baseline that the version is measured against, with its parts, or None."""
        with self._read() as session:
            return baselines.active(session, deployment, version)

    def baselines(self, deployment: str) -> list[BaselineSummary]:
        """All baselines of a deployment, oldest first, without their parts."""
        with self._read() as session:
            return baselines.listed(session, deployment)

    # monitors and alerts

    def monitors(self, deployment: str) -> list[Monitor]:
        """The monitors of a deployment, in their stated order."""
        with self._read() as session:
            return monitors.listed(session, deployment)

    def monitors_of_all(self) -> dict[str, list[Monitor]]:
        """The monitors of every deployment that has any."""
        with self._read() as session:
            return monitors.by_deployment(session)

    def series_states(
        self, deployment: str, monitor_ids: Collection[str] | None = None
    ) -> dict[tuple[str, SeriesKey], SeriesState]:
        """Where every judged series of a deployment (of these monitors) stands, by monitor id and series."""
        with self._read() as session:
            return monitors.states(session, deployment, monitor_ids)

    def verdicts(self, names: Collection[str]) -> dict[str, Verdicts]:
        """The monitors and the newest verdicts of many deployments at once."""
        with self._read() as session:
            return verdicts.verdicts(session, names)

    def record_transitions(
        self,
        deployment: str,
        updates: Sequence[Update],
        *,
        routing: Routing,
        now_us: int,
        reached: Mapping[tuple[str, SeriesKey], int] | None = None,
        between: Callable[[], object] = lambda: None,
    ) -> list[AlertRow]:
        """Stores new states with their alerts, their events and who is to be told, and returns the alerts they touched. `reached`: up to
        which window end other series were judged, whose states stay.

        One transaction, or several where there are very many or a series has more than one transition; `between` them people can be
        told of what came first.
        """
        touched: list[AlertRow] = []
        parts = list(transitions.rounds(updates)) or ([[]] if reached else [])
        for number, some in enumerate(parts, start=1):
            if number > 1:
                between()
            with self._note() as session:
                if some:
                    touched += transitions.record(session, deployment, some, routing, now_us)
                if reached and number == len(parts):
                    transitions.reach(session, deployment, reached)
        return touched

    def alerts(self, deployment: str | None = None, status: str | None = None, **wanted: Any) -> list[AlertRow]:
        """Alerts, newest first; `wanted` as in `alerts.Wanted`."""
        with self._read() as session:
            return alerts.listed(session, Wanted(deployment=deployment, status=status, **wanted))

    def alert(self, alert: int) -> AlertRow | None:
        """The alert of that number, or None."""
        with self._read() as session:
            return alerts.find(session, alert)

    def labels_of_alert(self, alert: int) -> dict[str, str]:
        """What routes and silences match an alert by. Raises LookupError where there is none of that number."""
        with self._read() as session:
            return labelling.labels_of_number(session, alert)

    def alerts_matching(self, matchers: Matchers, since_us: int, limit: int) -> tuple[list[AlertRow], bool]:
        """Alerts that fire, or opened since a time, and match; and whether all were looked at, not only the newest `limit`."""
        with self._read() as session:
            return labelling.matching(session, matchers, since_us, limit)

    def firing(self) -> dict[str, dict[str, int]]:
        """How many alerts of each severity fire in each deployment that has any."""
        with self._read() as session:
            return overview.firing(session)

    def alert_figures(self) -> AlertFigures:
        """Figures of the alerts, for `/metrics`."""
        with self._read() as session:
            return alerts.figures(session)

    def alert_times(self, since_us: int) -> AlertTimes:
        """How soon the alerts that opened since then were acknowledged and resolved."""
        with self._read() as session:
            return alerts.times(session, since_us)

    def alert_events(self, alert: int) -> list[AlertEvent]:
        """The history of an alert, oldest first."""
        with self._read() as session:
            return alerts.events(session, alert)

    def alert_histories(self, alerts_: Collection[int]) -> dict[int, list[AlertEvent]]:
        """The same of many alerts at once; those without a history are left out."""
        with self._read() as session:
            return alerts.histories(session, alerts_)

    # threads

    def due_threads(self, channels: Collection[str], *, now_us: int, limit: int = 100) -> list[int]:
        """The threads of these channels that may have something to say, the longest due first."""
        with self._read() as session:
            return threads.due(session, channels, now_us, limit)

    def tell(self, thread: int, terms: telling.Terms, compose: telling.Compose) -> str | None:
        """Puts what a thread has to say into the outbox; the delivery id of the message, None where there is none."""
        with self._note() as session:
            return telling.tell(session, thread, terms, compose)

    def postpone_thread(self, thread: int, *, until_us: int) -> None:
        """Looks at a thread again at that time."""
        with self._note() as session:
            threads.postpone(session, thread, until_us)

    def adopt_untold(self, routing: Routing, *, now_us: int) -> None:
        """Looks at every open thread in the next pass, and at firing alerts that no thread tells of."""
        with self._note() as session:
            for owner, found in threads.untold(session).items():
                threads.route(session, routing, owner, found, now_us)
            threads.stir_all(session, now_us)

    def leave_channels(self, channels: Collection[str], *, now_us: int) -> Mapping[str, int]:
        """Closes the open threads of channels that are none of these (any more); how many, by channel.

        What those channels have not taken yet is given up.
        """
        with self._note() as session:
            outbox.leave(session, channels, now_us)
            return threads.leave(session, channels, now_us)

    def deployments_of_threads(self, found: Collection[int]) -> set[tuple[str, str]]:
        """The deployments and versions whose firing alerts these threads tell of."""
        with self._read() as session:
            return threads.deployments_of(session, found)

    def threads_of(self, alert: int) -> list[threads.Thread]:
        """The threads that tell of an alert, oldest first."""
        with self._read() as session:
            return threads.of_alert(session, alert)

    def forget_messages(self, *, before_us: int, most: int = 1_000) -> int:
        """Deletes some messages and closed threads that are older; returns how many."""
        with self._note() as session:
            return threads.forget(session, before_us, most)

    # outbox

    def enqueue_test(self, channel: str, *, body: bytes, now_us: int) -> str:
        """Adds a message of type alert.test, which waits for no other; returns its delivery id."""
        with self._note() as session:
            return outbox.put(session, channel, Message(event_type="alert.test", body=body), now_us)

    def due(self, now_us: int, limit: int = 100, *, channels: Collection[str] | None = None) -> list[OutboxRow]:
        """Messages to send now: of each channel and alert key only the oldest pending one, if its time has come."""
        with self._read() as session:
            return outbox.due(session, now_us, limit, channels)

    def next_due_us(self, *, channels: Collection[str] | None = None) -> int | None:
        """When `due` will next have something (it may be in the past), or None where nothing is pending."""
        with self._read() as session:
            return outbox.next_due_us(session, channels)

    def delivered(self, outbox_id: int, *, now_us: int, status_code: int | None = None, detail: str = "") -> None:
        """The message has arrived."""
        receipt = Receipt(now_us, "delivered", status_code, detail)
        with self._note() as session:
            outbox.settle(
                session,
                outbox_id,
                receipt,
                status="delivered",
                delivered_at_us=now_us,
                last_error=None,
                begun_at_us=None,
            )

    def retry_at(
        self,
        outbox_id: int,
        *,
        at_us: int,
        now_us: int,
        error: str,
        status_code: int | None = None,
        outcome: str = "retry",
        begun_at_us: int | None = None,
    ) -> None:
        """The attempt failed; the next one is due at `at_us`. `outcome` is "paused" where the channel itself refuses, and "waiting"
        where the receiver only needs time. `begun_at_us`: when an attempt began that may have arrived, None where that is known.
        """
        receipt = Receipt(now_us, outcome, status_code, error)
        is_attempt = outcome != "waiting"
        with self._note() as session:
            outbox.settle(
                session,
                outbox_id,
                receipt,
                is_attempt=is_attempt,
                next_attempt_us=at_us,
                last_error=error,
                begun_at_us=begun_at_us,
            )

    def dead_letter(
        self,
        outbox_id: int,
        *,
        now_us: int,
        error: str,
        status_code: int | None = None,
        begun_at_us: int | None = None,
    ) -> None:
        """The message will not be sent again, unless somebody asks for it with `resend`."""
        receipt = Receipt(now_us, "dead", status_code, error)
        with self._note() as session:
            outbox.settle(session, outbox_id, receipt, status="dead", last_error=error, begun_at_us=begun_at_us)

    def resend(self, outbox_id: int, *, now_us: int) -> None:
        """Makes a dead message pending again; raises LookupError where there is no dead one of that id."""
        with self._note() as session:
            outbox.resend(session, outbox_id, now_us)

    def expire_pending(self, channel: str, *, created_before_us: int, now_us: int) -> int:
        """Gives up what a channel did not take and is older than that; returns how many messages."""
        with self._note() as session:
            return outbox.expire(session, channel, created_before_us, now_us)

    def outbox_depth(self) -> int:
        """Pending messages over all channels."""
        return sum(self.outbox_depths().values())

    def outbox_depths(self) -> dict[str, int]:
        """Pending messages by channel; channels without any are left out."""
        with self._read() as session:
            return outbox.depth(session)

    def deliveries(self, alert: int) -> list[OutboxRow]:
        """The messages of an alert, oldest first."""
        with self._read() as session:
            return outbox.deliveries(session, alert)

    def deliveries_of(self, alerts_: Collection[int]) -> dict[int, list[OutboxRow]]:
        """The same of many alerts at once; those without a message are left out."""
        with self._read() as session:
            return outbox.deliveries_of(session, alerts_)

    def receipts(self, outbox_id: int) -> list[Receipt]:
        """What came of each attempt to send a message, oldest first."""
        with self._read() as session:
            return outbox.receipts(session, outbox_id)
