"""Named places at which a test lets the collector die, as kill -9 does: TIDEGAUGE_CRASH_AT="name" or "name:n" (the n-th time).

Unarmed, a crash point costs one look into an empty dictionary. The spool has its own, read from the same variable; every name here
is called somewhere, and tests/fault/collector dies at each of them.
"""

import os

EXIT_CODE = 137
CRASH_POINTS = (
    "log.before_append",  # a batch is accepted, nothing of it written
    "log.durable",  # it is on disk, not acknowledged
    "fold.effects",  # the control store knows what the frames brought, the telemetry store does not
    "fold.before_commit",  # rows and folded position are in an open transaction
    "fold.committed",  # they are durable, the index in memory is behind
    "write.before_commit",  # any other writing transaction: judgements, marks
    "write.committed",
    "tell.before",  # alerts have changed, nobody was told
    "tell.before_commit",  # a message and what it says are in an open transaction
    "tell.committed",  # it is in the outbox, the sender does not know
    "send.answered",  # a receiver has done what it was asked for, nothing of its answer is noted
    "send.before_receipt",  # what came of an attempt is noted, the message still waits
    "compact.merged",  # a step's rows are replaced in an open transaction
    "compact.committed",  # some windows are merged, others not
    "settle.rolled",  # a day is rolled up in an open transaction
    "settle.committed",
    "delete.removed",  # what a deletion names is gone in an open transaction
    "delete.committed",  # the control store does not say that it is done
    "checkpoint.before",
    "checkpoint.done",  # the log's segments are still there
    "release.before",
    "release.done",
    "migration.copied",  # the backup lies under its temporary name
    "migration.before_step",
    "migration.before_commit",
    "migration.committed",  # a step is done, not in the data file yet
    "backup.begun",  # there is an empty directory under a temporary name
    "backup.telemetry",  # the analytical store is copied
    "backup.control",  # the transactional one too
    "backup.verified",  # it is read back, and has no name yet
    "backup.named",  # older ones still there
    "shrink.verified",  # the small file is whole, the big one in its place
    "shrink.swapped",
    "heal.aside",  # what was damaged has a name of its own, nothing is in its place
    "upload.received",  # a body lies in a file, nothing of it counts
    "upload.stored",  # its frames are durable, the control store does not know them
    "upload.taken",  # it counts, nothing is sent
    "upload.sent",  # everything is sent, its row says otherwise
    "monitors.half_applied",  # one deployment's monitors are changed in an open transaction, the definitions are not
    "monitors.before_commit",
    "heal.restored",  # the copy is in its place, nobody was told
)
_armed: dict[str, int] = {}  # at most one name, with the number of visits that are left


def arm(target: str) -> None:
    """Die at the target from now on; "" for nowhere. Raises ValueError for a number that is none."""
    _armed.clear()
    name, _, times = target.partition(":")
    if name:
        _armed[name] = int(times or 1)


def crash_here(name: str) -> None:
    """Die without any goodbye where this point is armed and its time has come."""
    if name in _armed:
        _armed[name] -= 1
        if _armed[name] <= 0:
            os._exit(EXIT_CODE)


arm(os.environ.get("TIDEGAUGE_CRASH_AT", ""))
