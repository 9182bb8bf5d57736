"""What a connection is made with, and when it would be made in another way."""

from pathlib import Path

import pytest

from tidegauge.errors import UsageError
from tidegauge.shipper.credentials import MAX_TOKEN_BYTES, Connector, Credentials, credentials_of, read_credentials
from tidegauge.shipper.destination import Destination, write_destination


class StandingClock:
    """Time as the test sets it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Links:
    """Keeps what links were asked for."""

    def __init__(self) -> None:
        self.opened: list[tuple[Destination, Credentials]] = []

    def __call__(self, destination: Destination, credentials: Credentials) -> "Links":
        self.opened.append((destination, credentials))
        return self

    def hello(self, request: object, done: object) -> None:
        """Nobody calls."""

    ship = hello

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def files(tmp_path: Path) -> Destination:
    for name in ("ca", "cert", "key", "token"):
        (tmp_path / name).write_text(name)
    ca, cert, key, token = (str(tmp_path / name) for name in ("ca", "cert", "key", "token"))
    return Destination("grpcs://monitor.example", ca, cert, key, token)


def test_all_files_are_read_and_the_secret_ones_are_not_shown(files: Destination) -> None:
    credentials = read_credentials(files)

    assert credentials == Credentials(b"ca", b"cert", b"key", "token")
    assert "'token'" not in repr(credentials)
    assert "b'key'" not in repr(credentials)


def test_token_file_comes_before_a_token_given_as_text(files: Destination) -> None:
    assert read_credentials(files, token="text").token == "token"
    assert read_credentials(Destination("grpcs://monitor.example"), token=" text\n").token == "text"


@pytest.mark.parametrize("name", ["ca", "cert", "key", "token"])
def test_each_file_that_changes_asks_for_a_new_connection_once(files: Destination, tmp_path: Path, name: str) -> None:
    root, clock, links = tmp_path / "root", StandingClock(), Links()
    write_destination(root, files)
    connect = Connector(root, links, now=clock)
    connect()

    (tmp_path / name).write_text("longer than before")
    at_once = connect.has_changed()
    clock.now += 1.0
    later = [connect.has_changed()]
    clock.now += 1.0
    later.append(connect.has_changed())

    assert (at_once, later) == (False, [True, False])


def test_another_address_asks_for_a_new_connection(tmp_path: Path) -> None:
    root, clock, links = tmp_path / "root", StandingClock(), Links()
    write_destination(root, Destination("grpc://a:1"))
    connect = Connector(root, links, now=clock)
    connect()

    write_destination(root, Destination("grpc://b:1"))
    clock.now += 1.0

    assert connect.has_changed()
    connect()
    assert [destination.collector for destination, _ in links.opened] == ["grpc://a:1", "grpc://b:1"]


def test_nothing_has_changed_before_the_first_connection(tmp_path: Path) -> None:
    assert not Connector(tmp_path, Links(), now=StandingClock()).has_changed()


def test_file_that_was_missing_is_watched_for(files: Destination, tmp_path: Path) -> None:
    root, clock = tmp_path / "root", StandingClock()
    write_destination(root, files)
    (tmp_path / "token").unlink()
    connect = Connector(root, Links(), now=clock)
    with pytest.raises(FileNotFoundError):
        connect()

    (tmp_path / "token").write_text("new")
    clock.now += 1.0

    assert connect.has_changed()


@pytest.mark.parametrize("content", [b"", b" ", b"a b", b"a\nb", b"\xff", b"x" * (MAX_TOKEN_BYTES + 1)])
def test_token_file_that_holds_no_token_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)

    with pytest.raises(UsageError, match=str(tmp_path / "token")):
        read_credentials(Destination("grpcs://monitor.example", token_file=str(tmp_path / "token")))


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a file"):
        read_credentials(Destination("grpcs://monitor.example", str(tmp_path)))


def test_certificates_are_not_read_where_nothing_is_encrypted(tmp_path: Path) -> None:
    assert read_credentials(Destination("grpc://localhost:1", str(tmp_path / "missing"))) == Credentials()


def test_root_of_another_user_is_not_sent_what_is_ours(
    files: Destination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_destination(tmp_path, Destination("grpcs://monitor.example"))
    write_destination(tmp_path / "with-file", files)
    owner = (tmp_path / "token").stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: owner + 1)

    with pytest.raises(UsageError, match="belongs to user"):
        credentials_of(tmp_path, Destination("grpcs://monitor.example"), "ours")

    assert credentials_of(tmp_path / "with-file", files, "ours").token == "token"
