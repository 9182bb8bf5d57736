"""Named places at which a test lets the process die, as kill -9 does: TIDEGAUGE_CRASH_AT="name" or "name:n" (the n-th time).

Read once at import. Unarmed, a crash point is the call of an empty function; none lies on a caller's hot path.
"""

import os
from collections.abc import Callable

EXIT_CODE = 137
CRASH_POINTS = (
    "writer.before_commit",  # records are in memory
    "writer.written",  # the bytes of a group are written, not synced
    "writer.durable",  # synced, not published
    "writer.published",
    "writer.before_seal",
    "writer.sealed",
    "writer.before_close",
    "writer.closed",
    "quota.journaled",  # a loss is decided, its segment still there
    "quota.deleted",
    "merge.written",  # the merged segment has no name yet
    "merge.named",  # it has, and what it stands for is still there
    "merge.deleted",
    "file.written",  # a small file (position, closed) under its temporary name
    "file.named",
    "release.stored",  # the position is there, the segments too
    "release.deleted",
    "remove.emptied",  # of a finished epoch only the position is left
    "sender.attempted",  # announced, not sent
    "sender.acknowledged",  # settled there, not stored here
    "sender.refused",  # set aside, its gap not sent
)


def _nothing(_: str) -> None:
    """What an unarmed crash point does."""


def armed(target: str) -> Callable[[str], None]:
    """The function that dies at the target, "" for none."""
    if not target:
        return _nothing
    name, _, times = target.partition(":")
    left = int(times or 1)

    def die_there(at: str) -> None:
        nonlocal left
        if at == name:
            left -= 1
            if left <= 0:
                os._exit(EXIT_CODE)

    return die_there


crash_here = armed(os.environ.get("TIDEGAUGE_CRASH_AT", ""))
