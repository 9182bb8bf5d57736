"""The control store: one file, short transactions, from any thread; each method is one transaction.

Deployments are named by their name, times are microseconds since the epoch (`now_us`) and never read from a clock here.
A name that does not exist raises LookupError; a locked or full disk raises StoreUnavailable, after waiting for the lock.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from tidegauge_collector.control import (
    alerts,
    baselines,
    deployments,
    monitors,
    outbox,
    revisions,
    schema,
    transitions,
    verdicts,
)
from tidegauge_collector.control.agents import StoredAgents
from tidegauge_collector.control.alerts import AlertEvent, AlertRow
from tidegauge_collector.control.baselines import BaselinePart, BaselineSummary, StoredBaseline
from tidegauge_collector.control.deletions import Deletions
from tidegauge_collector.control.deployments import Deployment, Version
from tidegauge_collector.control.engine import open_engine, writing
from tidegauge_collector.control.outbox import Message, OutboxRow, Receipt
from tidegauge_collector.control.overview import Overview, overviews
from tidegauge_collector.control.requests import Requests
from tidegauge_collector.control.tokens import Tokens
from tidegauge_collector.control.verdicts import Verdicts
from tidegauge_collector.core.alerts import SeriesState
from tidegauge_collector.core.judging import SeriesKey
from tidegauge_collector.core.monitors import Monitor
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
        self.tokens = Tokens(self._read, self._write)
        self.requests = Requests(self._read, self._write)
        self.agents = StoredAgents(self._read, self._write)
        self.deletions = Deletions(self._read, self._write)

    @property
    def generation(self) -> int:
        """Goes up after each change that this process has made: what was read in one holds for as long as it stands."""
        return self._generation

    @contextmanager
    def _write(self) -> Iterator[Session]:
        try:
            with self._begin() as session:
                yield session
        finally:
            self._generation += 1

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
        """All deployments by name."""
        with self._read() as session:
            return deployments.listed(session)

    def deployment(self, name: str) -> Deployment | None:
        """The deployment of that name, or None."""
        with self._read() as session:
            return deployments.find(session, name)

    def overviews(self, names: Collection[str]) -> dict[str, Overview]:
        """What the list of deployments says of each, for many at once."""
        with self._read() as session:
            return overviews(session, names)

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

    def series_states(self, deployment: str) -> dict[tuple[str, SeriesKey], SeriesState]:
        """Where every judged series of a deployment stands, by monitor id and series."""
        with self._read() as session:
            return monitors.states(session, deployment)

    def verdicts(self, names: Collection[str]) -> dict[str, Verdicts]:
        """The monitors and the newest verdicts of many deployments at once."""
        with self._read() as session:
            return verdicts.verdicts(session, names)

    def record_transitions(
        self,
        deployment: str,
        updates: Sequence[transitions.Update],
        *,
        channels: Sequence[str],
        render: transitions.Render,
        now_us: int,
    ) -> list[AlertRow]:
        """Stores new states with their alerts, events and one message per channel, all or nothing; see `transitions`.

        `render(alert, event_type)` makes the body within the transaction: it must be quick and must not raise.
        """
        with self._write() as session:
            return transitions.record(session, deployment, updates, transitions.Notice(channels, render), now_us)

    def alerts(
        self, deployment: str | None = None, status: str | None = None, *, limit: int = 100, before: int | None = None
    ) -> list[AlertRow]:
        """Alerts, newest first; `before` is the id of the last one of the page before."""
        with self._read() as session:
            return alerts.listed(session, deployment=deployment, status=status, limit=limit, before=before)

    def alert_events(self, alert: int) -> list[AlertEvent]:
        """The history of an alert, oldest first."""
        with self._read() as session:
            return alerts.events(session, alert)

    # outbox

    def enqueue_test(self, channel: str, *, body: bytes, now_us: int) -> str:
        """Adds a message of type alert.test, which waits for no other; returns its delivery id."""
        with self._write() as session:
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
        with self._write() as session:
            outbox.settle(session, outbox_id, receipt, status="delivered", delivered_at_us=now_us, last_error=None)

    def retry_at(
        self,
        outbox_id: int,
        *,
        at_us: int,
        now_us: int,
        error: str,
        status_code: int | None = None,
        outcome: str = "retry",
    ) -> None:
        """The attempt failed; the next one is due at `at_us`. `outcome` is "paused" where the channel itself refuses."""
        receipt = Receipt(now_us, outcome, status_code, error)
        with self._write() as session:
            outbox.settle(session, outbox_id, receipt, next_attempt_us=at_us, last_error=error)

    def dead_letter(self, outbox_id: int, *, now_us: int, error: str, status_code: int | None = None) -> None:
        """The message will not be sent again, unless somebody asks for it with `resend`."""
        receipt = Receipt(now_us, "dead", status_code, error)
        with self._write() as session:
            outbox.settle(session, outbox_id, receipt, status="dead", last_error=error)

    def resend(self, outbox_id: int, *, now_us: int) -> None:
        """Makes a dead message pending again; raises LookupError where there is no dead one of that id."""
        with self._write() as session:
            outbox.resend(session, outbox_id, now_us)

    def expire_pending(self, channel: str, *, created_before_us: int, now_us: int) -> int:
        """Gives up what a channel did not take and is older than that; returns how many messages."""
        with self._write() as session:
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

    def receipts(self, outbox_id: int) -> list[Receipt]:
        """What came of each attempt to send a message, oldest first."""
        with self._read() as session:
            return outbox.receipts(session, outbox_id)
