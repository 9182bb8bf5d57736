"""Decides who somebody is, from what he shows: a token, or the names in a certificate that TLS has verified. Counts each answer."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog

from tidegauge_collector.access.attempts import Attempts
from tidegauge_collector.access.identity import ANYBODY, Caller, Denied, Identity
from tidegauge_collector.access.registry import Registry
from tidegauge_collector.access.tokens import Scope, is_pattern, is_secret_of, read_token
from tidegauge_collector.control import TokenRecord

LOG_EVERY_US = 60 * 1_000_000
_AGENT_URI = re.compile(r"agent://([a-z0-9._*-]{1,128})/([A-Za-z0-9][A-Za-z0-9._-]{0,63})")
_CREATE = "`tidegauge-collector tokens create NAME --scope"

log = structlog.get_logger(__name__)


class Gate:
    """All methods run in the event loop's thread. `required` False: anybody may do anything (loopback, or `insecure`)."""

    def __init__(self, registry: Registry, *, required: bool, now_us: Callable[[], int]) -> None:
        self.required = required
        self.attempts = Attempts()
        self.counts: dict[tuple[str, str], int] = {}  # (door, outcome) -> how often
        self._registry = registry
        self._now_us = now_us
        self._logged: dict[str, tuple[int, int]] = {}  # reason -> (when it was last logged, how many since)

    async def admit(self, door: str, address: str, bearer: str | None, names: Sequence[str] = ()) -> Caller:
        """Who calls at a door from an address; raises Denied, which is counted. `names`: the URIs of a verified client certificate."""
        if not self.required:
            return Caller((ANYBODY,))
        try:
            caller = await self._caller(address, bearer, names)
        except Denied as denied:
            self.denied(door, address, denied)
            raise
        return caller

    def passed(self, door: str) -> None:
        """Count somebody who was let in."""
        self._count(door, "ok")

    async def identify(self, address: str, text: str) -> tuple[str, Identity]:
        """Id and identity of a token; raises Denied. Expired and revoked are told only to who knows the secret."""
        self._refuse_when_unreadable()
        parts = read_token(text)
        record = await self._registry.find_or_look(parts[0]) if parts else None
        if parts is None or record is None or not is_secret_of(parts[1], record.digest):
            if parts is not None and record is None:
                is_secret_of(parts[1], None)
            raise self._wrong(address, parts)
        identity = self._identity(record)
        self._registry.used(record.id)
        return record.id, identity

    def renew(self, token: str) -> Identity:
        """The identity of a token that was shown before; raises Denied where it has ended since."""
        self._refuse_when_unreadable()
        record = self._registry.find(token)
        if record is None:
            raise Denied("session", "the token of this session is gone: sign in again")
        return self._identity(record)

    def denied(self, door: str, address: str, denied: Denied) -> None:
        """Count a refusal, and log it once a minute for each reason."""
        self._count(door, denied.reason)
        now_us = self._now_us()
        logged_us, silent = self._logged.get(denied.reason, (None, 0))
        if logged_us is not None and 0 <= now_us - logged_us < LOG_EVERY_US:
            self._logged[denied.reason] = (logged_us, silent + 1)
            return
        self._logged[denied.reason] = (now_us, 0)
        log.warning(
            "access.denied", door=door, address=address, reason=denied.reason, text=str(denied), more_of_these=silent
        )

    async def _caller(self, address: str, bearer: str | None, names: Sequence[str]) -> Caller:
        certified = identity_of_names(names)
        shown = [] if certified is None else [certified]
        if bearer is not None:
            shown.append((await self.identify(address, bearer))[1])
        if shown:
            return Caller(tuple(shown))
        if names:
            raise Denied(
                "certificate",
                "the client certificate names no agent (agent://DEPLOYMENT/NAME in its subject alternative names): "
                "issue one with `tidegauge-collector certs client NAME`, or show a token",
            )
        raise Denied(
            "missing",
            f"this collector asks for a token: {_CREATE} ingest` makes one (read for people, admin for all), "
            "agents take it from token_file (TIDEGAUGE_TOKEN_FILE)",
        )

    def _wrong(self, address: str, parts: tuple[str, str] | None) -> Denied:
        now_us = self._now_us()
        wait_us = self.attempts.wait_us(address, now_us)
        self.attempts.wrong(address, now_us)
        if wait_us:
            return Limited(wait_us)
        if parts is None:
            return Denied("malformed", "what was shown is no token of this collector (tgk_ID_SECRET): is it cut off?")
        return Denied(
            "unknown", f"token {parts[0]} is unknown here: is it of this collector? {_CREATE} ingest` makes another"
        )

    def _identity(self, record: TokenRecord) -> Identity:
        label = f"token {record.name!r} ({record.id})"
        state = record.state(self._now_us())
        if state == "expired":
            raise Denied("expired", f"{label} expired on {_day(record.expires_at_us)}: {_CREATE} {record.scope}`")
        if state == "revoked":
            raise Denied("revoked", f"{label} was revoked on {_day(record.revoked_at_us)}: {_CREATE} {record.scope}`")
        return Identity(label, Scope(record.scope), record.deployments)

    def _refuse_when_unreadable(self) -> None:
        if self._registry.is_stale:
            raise Denied(
                "unavailable", "the collector cannot read its tokens: look at its log; nothing is lost meanwhile"
            )

    def _count(self, door: str, outcome: str) -> None:
        self.counts[door, outcome] = self.counts.get((door, outcome), 0) + 1


class Limited(Denied):
    """Too many wrong guesses; `wait_us` says for how long none is looked at."""

    def __init__(self, wait_us: int) -> None:
        super().__init__("limited", f"too many wrong tokens from this address: wait {-(-wait_us // 1_000_000)} s")
        self.wait_us = wait_us


def identity_of_names(names: Sequence[str]) -> Identity | None:
    """The identity that a certificate's names give together, None where none of them is an `agent://DEPLOYMENT/NAME`."""
    found = [match for name in names if (match := _AGENT_URI.fullmatch(name)) and is_pattern(match[1])]
    if not found:
        return None
    return Identity(f"certificate of {found[0][2]!r}", Scope.INGEST, tuple(match[1] for match in found))


def bearer_of(authorization: str | None) -> str | None:
    """The token of an Authorization header, None where there is none; what is no bearer token is returned as it is (and is wrong)."""
    if not authorization:
        return None
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else authorization


def _day(at_us: int | None) -> str:
    return f"{datetime.fromtimestamp((at_us or 0) / 1e6, UTC):%Y-%m-%d %H:%M} UTC"
