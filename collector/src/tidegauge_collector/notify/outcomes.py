"""What one attempt to deliver a message came to, sorted by what the sender does next."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """The receiver has it; `reason` is what an operator should know all the same."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again, not before `after_s` seconds (0: the schedule alone decides).

    `may_have_arrived`: the answer does not say whether the receiver has done what it was asked for.
    """

    after_s: float
    reason: str
    may_have_arrived: bool = False


@dataclass(frozen=True, slots=True)
class NotYet:
    """Nothing went wrong, but the receiver needs time: go on after `after_s` seconds. A kind must not say so for ever."""

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


Outcome = Done | Retry | NotYet | PauseChannel | DeadLetter
