"""What one attempt to deliver a message came to, sorted by what the sender does next."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """The receiver has it."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again, not before `after_s` seconds (0: the schedule alone decides)."""

    after_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class PauseChannel:
    """The receiver refuses this channel as configured: keep its messages, send nothing until the configuration changes."""

    reason: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """This message will never be taken; others may."""

    reason: str


Outcome = Done | Retry | PauseChannel | DeadLetter
