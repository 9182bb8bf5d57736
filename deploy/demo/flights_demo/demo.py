"""One run of the demo from its first process to the table: the one place where it is wired."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from flights_demo.checks import Check, check_all
from flights_demo.client import Client, Json
from flights_demo.collector import CollectorProcess
from flights_demo.desk import Desk, OnCall
from flights_demo.evidence import Evidence, gather
from flights_demo.plan import Plan
from flights_demo.processes import run_job
from flights_demo.receiver import Message, Receiver, new_secret
from flights_demo.replay import Replaying
from flights_demo.report import print_report
from flights_demo.shift import parse_shift
from tidegauge.shipper.lock import read_holder
from tidegauge.shipper.start import start_shipper
from tidegauge.spool import list_epochs

SETTLE_S = 300.0
DELIVER_S = 180.0
POLL_S = 0.25


class NotSettledError(Exception):
    """The collector did not come to an end with what it was sent; the message says how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line asks for; `folder` exists and is empty."""

    folder: Path
    days: int
    shift: str
    chaos: bool


class Demo:
    """One run; `close` ends everything that it started."""

    def __init__(self, options: Options, console: Console) -> None:
        self._options, self._console = options, console
        self._stack = contextlib.ExitStack()
        secret = new_secret()
        self._receiver = Receiver(secret)
        self._stack.callback(self._receiver.close)
        self._desk = Desk(parse_shift(options.shift)) if options.shift else None
        if self._desk is not None:
            self._stack.callback(self._desk.close)
        self.collector = CollectorProcess(
            options.folder,
            hook_url=self._receiver.url,
            hook_secret=secret,
            more=self._desk.configuration() if self._desk is not None else "",
        )
        self._stack.callback(self.collector.stop)

    def run(self) -> list[Check]:
        """Everything up to the table; the checks tell whether the promises held."""
        self.collector.start()
        self._console.print(f"Collector   [bold]{self.collector.http}[/] (open it now and watch)")
        plan = self._plan()
        self._stack.callback(stop_shipper, plan)
        trained, isolation = self._prepare(plan)
        replaying = Replaying(plan, self.collector, self._console, total=trained["replayed"])
        client = Client(self.collector.http)
        with self._somebody_on_call(client):
            with contextlib.closing(replaying):
                replaying.run(chaos=self._options.chaos)
            with self._console.status("Waiting until the deployment is settled …"):
                self._shipped(plan)
                status = self._settled(client)
        with self._console.status(
            "Waiting until everybody has been told …"
        ):  # also of what the one on call did at last
            alerts, messages = self._delivered(client)
        with self._console.status("Comparing what is stored with what was sent …"):
            told = {"costs": replaying.costs, "kills": replaying.kills, "isolation": isolation}
            told["stories"] = self._desk.stories() if self._desk is not None else []
            seen = gather(plan, client, status, alerts=alerts, messages=messages, **told)
            checks = check_all(seen)
        print_report(self._console, seen, checks)
        write_result(plan.folder / "result.json", seen, checks)
        return checks

    def serve(self) -> None:
        """Keep serving until interrupted. Raises CollectorError where the collector ends by itself."""
        while True:
            self.collector.check()
            time.sleep(POLL_S)

    def close(self) -> None:
        """End every process and thread of the run."""
        self._stack.close()

    def _somebody_on_call(self, client: Client) -> contextlib.AbstractContextManager[object]:
        if self._desk is None:
            return contextlib.nullcontext()
        return contextlib.closing(OnCall(client, parse_shift(self._options.shift)))

    def _plan(self) -> Plan:
        folder = str(self._options.folder.resolve())
        return Plan(data=folder, collector=self.collector.grpc, days=self._options.days, shift=self._options.shift)

    def _prepare(self, plan: Plan) -> tuple[Json, Json]:
        """What the training job told, and how the wrap looks from inside."""
        log, plan_file = plan.folder / "jobs.log", str(plan.save())
        with self._console.status("Reading the flights, training on January to March …"):
            read, trained = run_job("trainer", plan_file, log=log)
            isolation = run_job("isolation", plan_file, log=log)[0]
        self._console.print(
            f"Flights     {read['read']:,} read, {read['unknown']:,} cancelled or diverted (no arrival, left out)\n"
            f"Model       trained on {trained['rows']:,}; {trained['holdout']:,} held out as the baseline:"
            f" accuracy {trained['accuracy']:.3f}, AUC {trained['auc']:.3f}\n"
            f"Replay      {trained['replayed']:,} flights from 1 April on, {plan.workers} workers"
            + (f"; {plan.shift} in other units" if plan.shift else "")
        )
        return trained, isolation

    def _shipped(self, plan: Plan) -> None:
        """Wait until the shipper has nothing left: a finished writer's directory is deleted when all of it is acknowledged."""
        deadline = time.monotonic() + SETTLE_S
        while list_epochs(plan.spool_root):
            self.collector.check()
            start_shipper(plan.spool_root)  # that of the workers ends 30 s after them, also where nobody took anything
            if time.monotonic() >= deadline:
                log = plan.spool_root / "shipper.log"
                raise NotSettledError(f"the spool is not empty after {SETTLE_S:.0f} s; see {log}")
            time.sleep(POLL_S)

    def _settled(self, client: Client) -> Json:
        deadline = time.monotonic() + SETTLE_S
        status: Json | None = None
        while time.monotonic() < deadline:
            self.collector.check()
            status = client.status()
            if status is not None and status["settled"]:
                return status
            time.sleep(POLL_S)
        raise NotSettledError(
            f"the deployment is not settled after {SETTLE_S:.0f} s; its status is {json.dumps(status)}"
        )

    def _delivered(self, client: Client) -> tuple[list[Json], list[Message]]:
        """The alerts and what arrived of them, once nothing is on its way; what has not arrived in time, the checks tell."""
        deadline = time.monotonic() + DELIVER_S
        while True:
            alerts, messages = client.alerts(), self._receiver.messages()
            is_quiet = all(each["status"] == "delivered" for alert in alerts for each in alert["deliveries"])
            if (is_quiet and client.alerts() == alerts) or time.monotonic() >= deadline:
                return alerts, messages
            time.sleep(POLL_S)


def stop_shipper(plan: Plan) -> None:
    """Ask the shipper that the workers' agents started to end: it would wait half a minute for others."""
    holder = read_holder(plan.spool_root)
    if holder is not None and holder.mode == "process":
        with contextlib.suppress(ProcessLookupError):
            os.kill(holder.pid, signal.SIGTERM)


def write_result(path: Path, seen: Evidence, checks: list[Check]) -> None:
    """What the run came to, for programs."""
    result = {
        "checks": [asdict(one) for one in checks],
        "status": seen.status,
        "alerts": seen.alerts,
        "kills": seen.kills,
        "in_doubt": len(seen.ledger.in_doubt),
        "costs": seen.costs,
        "stories": [asdict(one) for one in seen.stories],
        "received": [{"id": one.id, "type": one.type, "problem": one.problem} for one in seen.messages],
    }
    path.write_text(json.dumps(result, indent=1))
