"""Pure: who somebody is, what he may do, and why not.

Denied
├── reason `missing malformed unknown expired revoked session`   UNAUTHENTICATED / 401: show something better
├── reason `scope deployment certificate origin`                 PERMISSION_DENIED / 403: known, but not allowed this
├── reason `limited`                                             RESOURCE_EXHAUSTED / 429: too many guesses, later
└── reason `unavailable`                                         UNAVAILABLE / 503: the tokens cannot be read
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tidegauge_collector.access.tokens import EVERY_DEPLOYMENT, Scope, matches

UNAUTHENTICATED = frozenset({"missing", "malformed", "unknown", "expired", "revoked", "session"})
FORBIDDEN = frozenset({"scope", "deployment", "certificate", "origin"})
REASONS = UNAUTHENTICATED | FORBIDDEN | {"limited", "unavailable"}


class Denied(Exception):  # noqa: N818 - an answer, not a fault
    """Not let in; the message names what was shown (never a secret), why it is not enough, and the next step."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Identity:
    """What one credential, or the lack of need for one, allows. `label` is how it is spoken of: `token 'web-1' (1a2b…)`."""

    label: str
    scope: Scope
    deployments: tuple[str, ...] = EVERY_DEPLOYMENT

    @property
    def is_bound(self) -> bool:
        """Say whether it is good for some deployments only."""
        return "*" not in self.deployments

    def may_ship(self, deployment: str) -> bool:
        """Say whether telemetry of a deployment is taken from it."""
        return not self.is_bound or any(matches(pattern, deployment) for pattern in self.deployments)

    def require_scope(self, asked: Scope) -> None:
        """Raise Denied where this asks for another scope."""
        if not self.scope.covers(asked):
            raise Denied(
                "scope",
                f"{self.label} has scope {self.scope}, this needs {asked}: "
                f"show a token made with `tidegauge-collector tokens create NAME --scope {asked}`",
            )

    def require_deployments(self, deployments: Iterable[str]) -> None:
        """Raise Denied at the first deployment that is not its own."""
        for deployment in deployments:
            if not self.may_ship(deployment):
                raise Denied(
                    "deployment",
                    f"{self.label} may ship for {', '.join(self.deployments)}, not for deployment {deployment[:140]!r}: "
                    "show a token that names it (`tidegauge-collector tokens create NAME --scope ingest --deployment PATTERN`)",
                )


ANYBODY = Identity("anybody", Scope.ADMIN)


@dataclass(frozen=True, slots=True)
class Caller:
    """All credentials that came with a call: each of them must allow it."""

    identities: tuple[Identity, ...] = (ANYBODY,)

    @property
    def is_bound(self) -> bool:
        """Say whether it may speak for some deployments only."""
        return any(one.is_bound for one in self.identities)

    def may_ship(self, deployment: str) -> bool:
        """Say whether telemetry of a deployment is taken from it."""
        return all(one.may_ship(deployment) for one in self.identities)

    def require_scope(self, asked: Scope) -> None:
        """Raise Denied where one of the credentials is for something else."""
        for one in self.identities:
            one.require_scope(asked)

    def require_deployments(self, deployments: Iterable[str]) -> None:
        """Raise Denied at the first deployment that one of the credentials is not for."""
        named = list(deployments)
        for one in self.identities:
            one.require_deployments(named)
