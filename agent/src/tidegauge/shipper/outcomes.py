"""What a collector may answer, sorted by what the shipper does next."""

from dataclasses import dataclass

from tidegauge.wire import telemetry_pb2 as pb


@dataclass(frozen=True, slots=True)
class Greeted:
    """Hello was answered."""

    reply: pb.HelloReply


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Everything up to `mark` is durable there."""

    mark: int
    config_revision: int


@dataclass(frozen=True, slots=True)
class Rewind:
    """Send again from `expected_seq`."""

    expected_seq: int


@dataclass(frozen=True, slots=True)
class Purged:
    """The collector will never take this epoch: stop sending it."""

    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    """These bytes will never be accepted."""

    message: str


@dataclass(frozen=True, slots=True)
class Overloaded:
    """Send the same again after a while; `retry_after_s` None: the collector did not say.

    `epoch_only`: it concerns this epoch (a deployment's quota is used up), others may be sent.
    """

    message: str
    retry_after_s: float | None
    epoch_only: bool = False


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The collector cannot be reached, or does not let us in (`needs_person`): concerns all epochs."""

    message: str
    needs_person: bool = False
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Denied:
    """Who we are is known, and these frames are not ours to send: of an answer to Ship it concerns this epoch alone."""

    message: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The collector failed at this request; others may succeed."""

    message: str


Outcome = Greeted | Acknowledged | Rewind | Purged | Refused | Overloaded | Unavailable | Denied | Failed
