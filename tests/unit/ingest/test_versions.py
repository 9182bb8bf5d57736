"""Which versions of the protocol are spoken."""

import pytest

from tidegauge.wire.codec import PROTOCOL_VERSION
from tidegauge_collector.ingest.versions import TooOld, check_version, oldest_spoken


@pytest.mark.parametrize("theirs", [3, 4, 5, 6, 4_000_000_000])
def test_ours_the_two_before_and_every_newer_one_are_spoken(theirs: int) -> None:
    assert check_version(theirs, "9.9", ours=5) == theirs


def test_older_one_is_refused_with_what_to_upgrade() -> None:
    with pytest.raises(
        TooOld, match=r"protocol version 2 \(agent 0.1\) is too old: this collector speaks 3 to 5; upgrade"
    ):
        check_version(2, "0.1", ours=5)


def test_version_that_is_not_stated_is_the_first() -> None:
    assert check_version(0, "", ours=3) == 1
    with pytest.raises(TooOld, match="agent unknown"):
        check_version(0, "", ours=4)


def test_every_version_so_far_is_spoken_today() -> None:
    assert oldest_spoken() == 1
    assert [check_version(one, "x") for one in range(1, PROTOCOL_VERSION + 1)] == list(range(1, PROTOCOL_VERSION + 1))
