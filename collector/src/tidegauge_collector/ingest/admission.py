"""Decides whether a batch may be taken now: memory, disk, the fold's backlog, the agent's rate, the deployment's quota.

Each «later» is an Overloaded with its reason and a delay, raised before anything of the batch is stored.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.ingest.delays import BACKLOG_MS, BUSY_MS, DISK_MS, QUOTA_MS, spread_ms
from tidegauge_collector.ingest.limits import IntakeLimits
from tidegauge_collector.ingest.quotas import Quotas
from tidegauge_collector.ingest.rates import Rates
from tidegauge_collector.ingest.refusals import Overloaded

PROBE_EVERY_US = 1_000_000


class Admission:
    """All methods run in the event loop's thread. `free_bytes` may say None: not known, so not refused."""

    def __init__(
        self,
        limits: IntakeLimits,
        *,
        now_us: Callable[[], int],
        free_bytes: Callable[[], int | None] = lambda: None,
        unfolded_bytes: Callable[[], int] = lambda: 0,
        rng: random.Random | None = None,
    ) -> None:
        self.limits = limits
        self.quotas = Quotas(limits.quota)
        self.in_flight_bytes = self.most_in_flight_bytes = 0
        self._now_us = now_us
        self._free_bytes = free_bytes
        self._unfolded_bytes = unfolded_bytes
        self._rng = rng or random.Random()
        self._rates = Rates(frames_per_s=limits.agent_frames_per_s, bytes_per_s=limits.agent_bytes_per_s)
        self._probed_at_us: int | None = None
        self._free: int | None = None

    @contextmanager
    def admitted(self, request: pb.ShipRequest) -> Iterator[None]:
        """Hold room in memory for a batch during the block; Overloaded where there is none, or the sender is to slow down."""
        size = request.ByteSize()
        self._check_memory(size)
        self._check_disk()
        self._check_backlog()
        self._check_rate(request, size)
        self.in_flight_bytes += size
        self.most_in_flight_bytes = max(self.most_in_flight_bytes, self.in_flight_bytes)
        try:
            yield
        finally:
            self.in_flight_bytes -= size

    def check_quotas(self, sizes_bytes: Mapping[str, int]) -> None:
        """Overloaded, of this epoch alone, where the quota of a deployment in the batch is used up."""
        now_us = self._now_us()
        name = self.quotas.exceeded(sizes_bytes, now_us)
        if name is None:
            return
        delay_ms = min(QUOTA_MS, self.quotas.until_tomorrow_ms(now_us))
        raise self._later(
            f"deployment {name!r} has used its {self.limits.quota(name)} bytes of today (UTC): "
            "raise quota_mb_per_day or quotas, or send less",
            "quota",
            delay_ms,
            concerns_epoch_only=True,
        )

    def charge(self, sizes_bytes: Mapping[str, int]) -> None:
        """Count what was stored against the quotas."""
        self.quotas.charge(sizes_bytes, self._now_us())

    def refuse_disk(self, problem: Exception) -> Overloaded:
        """What a sender is told when the disk has refused."""
        return self._later(str(problem), "disk", DISK_MS)

    def busy(self, message: str, reason: str) -> Overloaded:
        """What a sender is told when too much goes on at once."""
        return self._later(message, reason, BUSY_MS)

    def _check_memory(self, size: int) -> None:
        held = self.in_flight_bytes
        if held and held + size > self.limits.max_in_flight_bytes:
            raise self.busy(f"{held} bytes are under way already: send again later", "overload")

    def _check_disk(self) -> None:
        now_us = self._now_us()
        if self._probed_at_us is None or not 0 <= now_us - self._probed_at_us < PROBE_EVERY_US:
            self._probed_at_us, self._free = now_us, self._free_bytes()
        if self._free is not None and self._free < self.limits.min_free_bytes:
            raise self._later(
                f"the collector's disk has {self._free} bytes free, {self.limits.min_free_bytes} are kept: free space",
                "disk",
                DISK_MS,
            )

    def _check_backlog(self) -> None:
        unfolded = self._unfolded_bytes()
        if unfolded > self.limits.max_unfolded_bytes:
            raise self._later(f"{unfolded} bytes wait to be folded: send again later", "backlog", BACKLOG_MS)

    def _check_rate(self, request: pb.ShipRequest, size: int) -> None:
        agent, now_us = request.agent, self._now_us()
        sender = agent.instance_id or f"{agent.host}/{agent.pid}"
        what, wait_ms = self._rates.wait_ms(sender, now_us)
        if what:
            raise self._later(
                f"agent {sender!r:.140} sends more {what} a second than it may: it waits, nothing is lost",
                f"rate_{what}",
                wait_ms,
            )
        self._rates.take(sender, now_us, frames=len(request.frames), size_bytes=size)

    def _later(self, message: str, reason: str, base_ms: float, *, concerns_epoch_only: bool = False) -> Overloaded:
        return Overloaded(
            message,
            reason=reason,
            retry_after_ms=spread_ms(base_ms, self._rng),
            concerns_epoch_only=concerns_epoch_only,
        )
