"""Why a Ship is not acknowledged, sorted by what the sender does next.

Refusal
├── OutOfOrder    FAILED_PRECONDITION   send again from `expected_seq`
├── EpochPurged   FAILED_PRECONDITION   give this epoch up: its frames cannot be told from duplicates
├── Invalid       INVALID_ARGUMENT      the same bytes will never be accepted
├── Abandoned     DEADLINE_EXCEEDED     nobody waits for the answer any more; nothing was begun
└── Overloaded    RESOURCE_EXHAUSTED    send the same again after `retry_after_ms`
"""


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """Root of every answer that is no Ack; `reason` is what is counted."""

    reason = "refused"


class OutOfOrder(Refusal):
    """The batch begins beyond the mark."""

    reason = "out_of_order"

    def __init__(self, expected_seq: int, first_seq: int) -> None:
        super().__init__(f"first_seq {first_seq} is beyond what is known: send from {expected_seq}")
        self.expected_seq = expected_seq


class EpochPurged(Refusal):
    """The epoch has no mark and is so old that its mark may have been purged."""

    reason = "purged"


class Invalid(Refusal):
    """The request breaks the contract; the message names what, the value and the fix."""

    reason = "invalid"


class Abandoned(Refusal):
    """The sender has gone, or its deadline has passed, before the batch was begun."""

    reason = "abandoned"


class Overloaded(Refusal):
    """Not now: too much under way, the disk refuses, or a rate or quota is used up.

    `concerns_epoch_only`: other epochs of the same sender may well be taken.
    """

    def __init__(self, message: str, *, reason: str, retry_after_ms: int, concerns_epoch_only: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after_ms = retry_after_ms
        self.concerns_epoch_only = concerns_epoch_only
