"""Where a root is shipped to."""

import stat
from pathlib import Path

import pytest

from tidegauge.errors import UsageError
from tidegauge.shipper.destination import DESTINATION_NAME, Destination, read_destination, write_destination


@pytest.mark.parametrize(
    ("collector", "target", "is_tls"),
    [
        ("grpc://127.0.0.1:8643", "127.0.0.1:8643", False),
        ("grpcs://monitor.example", "monitor.example:8643", True),
        ("grpc://[::1]:9000", "[::1]:9000", False),
    ],
)
def test_address_is_taken_apart(collector: str, target: str, is_tls: bool) -> None:
    destination = Destination(collector)

    assert (destination.target, destination.is_tls) == (target, is_tls)


@pytest.mark.parametrize(
    "collector", ["http://host:1", "grpc://", "host:8643", "grpc://host:port", "grpc://host:99999"]
)
def test_address_that_makes_no_sense_is_refused_by_name(collector: str) -> None:
    with pytest.raises(UsageError, match="grpcs://HOST:PORT"):
        Destination(collector)


def test_destination_is_read_back_and_private(tmp_path: Path) -> None:
    destination = Destination("grpcs://monitor.example:1", "/etc/ca.pem")

    write_destination(tmp_path, destination)

    assert read_destination(tmp_path) == destination
    assert stat.S_IMODE((tmp_path / DESTINATION_NAME).stat().st_mode) == 0o600


def test_unchanged_destination_is_not_written_again(tmp_path: Path) -> None:
    write_destination(tmp_path, Destination("grpc://a:1"))
    before = (tmp_path / DESTINATION_NAME).stat()

    write_destination(tmp_path, Destination("grpc://a:1"))
    unchanged = (tmp_path / DESTINATION_NAME).stat()
    write_destination(tmp_path, Destination("grpc://b:1"))

    assert unchanged.st_ino == before.st_ino
    assert read_destination(tmp_path).collector == "grpc://b:1"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"collector": "ftp://x"}', "{"])
def test_damaged_destination_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / DESTINATION_NAME).write_text(content)

    with pytest.raises(UsageError, match="collector"):
        read_destination(tmp_path)


def test_missing_destination_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is missing"):
        read_destination(tmp_path)
