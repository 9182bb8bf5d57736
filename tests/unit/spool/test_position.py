"""Positions survive, and bad ones mean only that frames are sent again."""

from pathlib import Path

import pytest

from tidegauge.errors import UsageError
from tidegauge.spool import Position, read_position, write_position


def test_a_position_is_read_back(tmp_path: Path) -> None:
    write_position(tmp_path, Position(5, 9))
    write_position(tmp_path, Position(7, 9))

    assert read_position(tmp_path) == Position(acknowledged_seq=7, attempted_seq=9)
    assert [path.name for path in tmp_path.iterdir()] == ["position"]


def test_no_position_means_the_beginning(tmp_path: Path) -> None:
    assert read_position(tmp_path) == Position(0, 0)
    assert read_position(tmp_path / "gone") == Position(0, 0)


def test_a_damaged_position_means_the_beginning(tmp_path: Path) -> None:
    write_position(tmp_path, Position(5, 9))
    whole = (tmp_path / "position").read_bytes()

    for at in range(len(whole)):
        (tmp_path / "position").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert read_position(tmp_path) == Position(0, 0)
        (tmp_path / "position").write_bytes(whole[:at])
        assert read_position(tmp_path) == Position(0, 0)


@pytest.mark.parametrize(("acknowledged", "attempted"), [(2, 1), (-1, 0)])
def test_what_was_acknowledged_was_attempted(acknowledged: int, attempted: int) -> None:
    with pytest.raises(UsageError, match="attempted_seq"):
        Position(acknowledged, attempted)
