"""Puts the room together: one `Access` for both ports, with a thread of its own that follows tokens and files."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from tidegauge_collector.access.calls import GatedCalls
from tidegauge_collector.access.certificates import TlsFiles
from tidegauge_collector.access.exposure import missing_tokens
from tidegauge_collector.access.gate import Gate
from tidegauge_collector.access.registry import POLL_S, Registry
from tidegauge_collector.access.sessions import Sessions
from tidegauge_collector.access.tls import Tls
from tidegauge_collector.control import Tokens
from tidegauge_collector.errors import ConfigError

SOON_US = 14 * 86_400 * 1_000_000

Family = tuple[str, str, str, Iterable[tuple[Mapping[str, str], float]]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AccessConfig:
    """`required`: tokens (or client certificates) are asked for. `is_exposed`: somebody beyond this machine can call."""

    data: Path
    required: bool = False
    is_exposed: bool = False
    tls: TlsFiles | None = None
    poll_s: float = POLL_S


class Access:
    """Everything that decides who comes in; `close` it in the end."""

    def __init__(self, store: Tokens, config: AccessConfig, now_us: Callable[[], int]) -> None:
        """Read certificates and tokens. Raises ConfigError where they make no sense, or nobody could come in."""
        self._now_us = now_us
        self._poll_s = config.poll_s
        self.tls = Tls(config.tls, now_us) if config.tls is not None else None
        self.registry = Registry(store, now_us)
        self._refuse_without_tokens(config)
        self.gate = Gate(self.registry, required=config.required, now_us=now_us)
        self.calls = GatedCalls(self.gate)
        self.sessions = Sessions()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="tidegauge-access", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and write what it has not written yet."""
        self._ended.set()
        self._thread.join()
        self.registry.close()

    @property
    def now_us(self) -> int:
        """The collector's time."""
        return self._now_us()

    def host_shown(self, host: str) -> str:
        """The host to tell others: for an address that means all of this machine's, the first name of the certificate."""
        if self.tls is None or host not in {"0.0.0.0", "::"}:  # noqa: S104 - compared with, not listened on
            return host
        named = [one for one in self.tls.material.hosts if one not in {"localhost", "127.0.0.1", "::1"}]
        return named[0] if named else host

    def families(self) -> list[Family]:
        """The room's own figures for `/metrics`."""
        now_us = self._now_us()
        counts = sorted(self.gate.counts.copy().items())
        families: list[Family] = [
            (
                "tidegauge_access_total",
                "counter",
                "Calls and requests at each door that asks who is there, by what came of it.",
                [({"door": door, "outcome": outcome}, float(n)) for (door, outcome), n in counts],
            ),
            (
                "tidegauge_tokens",
                "gauge",
                "Tokens by state; ending: live, for less than 14 days more.",
                [({"state": state}, float(n)) for state, n in self._states(now_us).items()],
            ),
            (
                "tidegauge_access_store_failures",
                "gauge",
                "Tries in a row in which the tokens could not be read; nobody is let in after a minute.",
                [({}, float(self.registry.failures))],
            ),
        ]
        return families + self._of_tls(now_us)

    def _of_tls(self, now_us: int) -> list[Family]:
        if self.tls is None:
            return []
        left_s = self.tls.material.seconds_left(now_us)
        return [
            (
                "tidegauge_certificate_expires_seconds",
                "gauge",
                "Until the collector's certificate expires.",
                [({}, left_s)],
            ),
            (
                "tidegauge_tls_reload_failures_total",
                "counter",
                "Changed certificate files that made no sense; the pair before goes on.",
                [({}, float(self.tls.failures))],
            ),
        ]

    def _states(self, now_us: int) -> dict[str, int]:
        states = dict.fromkeys(("live", "ending", "expired", "revoked"), 0)
        for record in self.registry.records():
            state = record.state(now_us)
            ends_soon = record.expires_at_us is not None and record.expires_at_us - now_us < SOON_US
            states["ending" if state == "live" and ends_soon else state] += 1
        return states

    def _refuse_without_tokens(self, config: AccessConfig) -> None:
        takes_certificates = config.tls is not None and config.tls.client_ca is not None
        if not config.required or self.registry.records() or takes_certificates:
            return
        if config.is_exposed:
            raise ConfigError(missing_tokens(config.data))
        log.warning("access.no_tokens", fix="tidegauge-collector tokens create NAME --scope ingest|read|admin")

    def _follow(self) -> None:
        while not self._ended.wait(self._poll_s):
            self.registry.follow()
            if self.tls is not None:
                self.tls.look()
