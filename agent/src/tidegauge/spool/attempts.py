"""The agreement between whoever sends frames and whoever keeps the quota: an attempted frame is immutable.

Both work under the root's maintenance lock. The keeper merges only what lies above `attempted_seq`; the sender raises it before a
first send, and only if nothing was merged or dropped since he began to read. So a frame that was read is sent as it was read, or
read anew, but never sent beside the merged frame that holds its rows too.
"""

from dataclasses import dataclass
from pathlib import Path

from tidegauge.spool.crash_points import crash_here
from tidegauge.spool.holes import journal_size
from tidegauge.spool.lock import maintenance
from tidegauge.spool.position import Position, read_position, write_position
from tidegauge.spool.segment import list_segments


@dataclass(frozen=True, slots=True)
class Interventions:
    """What merging and dropping have left in an epoch directory so far; taken before the reading that it is to vouch for."""

    merged: frozenset[tuple[int, int]]
    journal_bytes: int

    def is_followed_by(self, later: "Interventions") -> bool:
        """Say whether anything was merged or dropped in between; merged segments that went away were acknowledged."""
        return self.journal_bytes != later.journal_bytes or not later.merged <= self.merged


def interventions(directory: Path) -> Interventions:
    """Look at an epoch directory."""
    segments = list_segments(directory)
    merged = frozenset((one.number, one.merged_to) for one in segments if one.merged_to is not None)
    return Interventions(merged, journal_size(directory))


def announce_attempt(directory: Path, position: Position, since: Interventions) -> bool:
    """Make it durable that everything up to `position.attempted_seq` is about to be sent; never takes a position back.

    False, and nothing is stored: frames were merged or dropped since; read anew. Raises OSError.
    """
    with maintenance(directory.parent, wait=True):
        if since.is_followed_by(interventions(directory)):
            return False
        before = read_position(directory)
        acknowledged_seq = max(before.acknowledged_seq, position.acknowledged_seq)
        attempted_seq = max(before.attempted_seq, position.attempted_seq)
        write_position(directory, Position(acknowledged_seq, attempted_seq))
    crash_here("sender.attempted")
    return True
