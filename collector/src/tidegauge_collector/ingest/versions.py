"""Pure: which versions of the protocol are spoken here: ours, the two before it, and whatever newer ones make of our answer.

A message that says 0 (or a Ship, which says nothing) is taken as version 1: the field is as old as the protocol.
"""

from tidegauge.wire.codec import PROTOCOL_VERSION

VERSIONS_BACK = 2
FIRST = 1


class TooOld(ValueError):  # noqa: N818 - says what is the case
    """An agent of more than two protocol versions ago; the message says what to upgrade."""


def oldest_spoken(ours: int = PROTOCOL_VERSION) -> int:
    """The oldest version that a collector of version `ours` takes."""
    return max(FIRST, ours - VERSIONS_BACK)


def check_version(theirs: int, agent_version: str, *, ours: int = PROTOCOL_VERSION) -> int:
    """The version that an agent speaks; TooOld where it is not taken any more. A newer one is told ours and speaks that."""
    stated = theirs or FIRST
    if stated < oldest_spoken(ours):
        raise TooOld(
            f"protocol version {stated} (agent {agent_version[:40] or 'unknown'}) is too old: this collector speaks "
            f"{oldest_spoken(ours)} to {ours}; upgrade the package `tidegauge` there, its spool is kept meanwhile"
        )
    return stated
