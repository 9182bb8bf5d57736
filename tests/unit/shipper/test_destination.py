"""Where a root is shipped to."""

import json
import stat
import threading
from pathlib import Path

import pytest

from tidegauge.errors import UsageError
from tidegauge.shipper.destination import (
    DESTINATION_NAME,
    Destination,
    read_destination,
    replace_small_file,
    write_destination,
)


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
    destination = Destination(
        "grpcs://monitor.example:1", "/etc/ca.pem", "/etc/cert.pem", "/etc/cert.key", "/run/token"
    )

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


def test_destination_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    (tmp_path / DESTINATION_NAME).write_text(json.dumps({"collector": "grpc://a:1", "ca_file": None}))

    assert read_destination(tmp_path) == Destination("grpc://a:1")


@pytest.mark.parametrize("half", [{"cert_file": "/a"}, {"key_file": "/a"}])
def test_half_a_client_certificate_is_refused(half: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="needs both"):
        Destination("grpcs://a:1", **half)


@pytest.mark.parametrize("collector", ["grpcs://monitor.example", "grpc://localhost:1", "grpc://[::1]:1"])
def test_token_file_is_accepted_where_nobody_else_listens(collector: str) -> None:
    assert Destination(collector, token_file="/run/token").files == ("/run/token",)


def test_token_file_over_the_network_in_the_clear_needs_insecure() -> None:
    with pytest.raises(UsageError, match="in the clear"):
        Destination("grpc://monitor.example", token_file="/run/token")

    assert Destination("grpc://monitor.example", token_file="/run/token", insecure=True).insecure


def test_small_file_that_many_threads_replace_is_always_whole(tmp_path: Path) -> None:
    path, contents, failed = tmp_path / "file", [bytes([65 + i]) * 10_000 for i in range(4)], list[str]()
    replace_small_file(path, contents[0])

    def replace(content: bytes) -> None:
        for _ in range(100):
            try:
                replace_small_file(path, content)
                if path.read_bytes() not in contents:
                    failed.append("half a file")
            except OSError as error:
                failed.append(str(error))

    threads = [threading.Thread(target=replace, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_small_file_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()

    with pytest.raises(OSError, match="file"):
        replace_small_file(tmp_path / "file", b"x")

    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
