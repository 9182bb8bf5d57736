"""Tokens: shown over TLS, never on a disk, renewed without a restart, and no hammering of a door that stays shut."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import trustme

import tidegauge
from tidegauge.errors import UsageError
from tidegauge.settings import AgentSettings
from tidegauge.shipper import look_after, stop_shipper
from tidegauge.shipper.destination import Destination, write_destination
from tidegauge.spool import SpoolWriter, read_position

from .guarded import GuardedCollector, pair_of, put
from .serving import event, last_error, seal, shipping, until

FIRST, SECOND = "tg_a1_" + "x" * 43, "tg_b2_" + "y" * 43


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[GuardedCollector]:
    """Behind TLS and the token FIRST; its authority lies in ca.pem."""
    authority = trustme.CA()
    put(tmp_path / "ca.pem", authority.cert_pem.bytes())
    running = GuardedCollector(pair_of(authority.issue_cert("localhost")), tokens={FIRST})
    yield running
    running.end()


@pytest.fixture
def destination(collector: GuardedCollector, tmp_path: Path) -> Destination:
    token_file = put(tmp_path / "token", f"{FIRST}\n".encode())
    return Destination(collector.address, str(tmp_path / "ca.pem"), token_file=token_file)


def arrived(collector: GuardedCollector, writer: SpoolWriter) -> int:
    return len(collector.frames.get(writer.epoch.bytes, []))


def test_token_of_a_file_is_shown_with_each_call(
    collector: GuardedCollector, destination: Destination, root: Path
) -> None:
    write_destination(root, destination)

    with SpoolWriter(root) as writer, shipping(root):
        seal(writer, "a")
        collector.until(lambda: arrived(collector, writer) == 1)

    assert set(collector.shown) == {f"Bearer {FIRST}"}
    assert len(collector.shown) >= 2


@pytest.mark.parametrize("refusal", [grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED])
def test_refused_token_keeps_the_spool_and_a_renewed_one_is_tried_at_once(
    collector: GuardedCollector, destination: Destination, root: Path, refusal: grpc.StatusCode
) -> None:
    write_destination(root, destination)
    collector.tokens, collector.refusal = {SECOND}, refusal

    with SpoolWriter(root) as writer, shipping(root):
        seal(writer, "a", "b")
        until(lambda: refusal.name in last_error(root), lambda: last_error(root))
        seen_shut = (len(collector.shown), read_position(writer.directory).acknowledged_seq)
        put(Path(destination.token_file or ""), SECOND.encode())
        collector.until(lambda: arrived(collector, writer) == 2)
        epoch = writer.epoch.bytes

    assert seen_shut == (1, 0)
    assert collector.shown[1] == f"Bearer {SECOND}"
    assert collector.frames[epoch] == [event("a"), event("b")]


def test_token_revoked_in_the_midst_of_shipping_loses_nothing(
    collector: GuardedCollector, destination: Destination, root: Path
) -> None:
    write_destination(root, destination)

    with SpoolWriter(root) as writer, shipping(root):
        seal(writer, "a")
        collector.until(lambda: arrived(collector, writer) == 1)
        collector.tokens = {SECOND}
        seal(writer, "b")
        until(lambda: "UNAUTHENTICATED" in last_error(root), lambda: last_error(root))
        put(Path(destination.token_file or ""), SECOND.encode())
        collector.until(lambda: arrived(collector, writer) == 2)
        epoch = writer.epoch.bytes

    assert collector.frames[epoch] == [event("a"), event("b")]


def test_token_file_that_is_missing_for_a_while_is_waited_for(
    collector: GuardedCollector, destination: Destination, root: Path
) -> None:
    token_file = Path(destination.token_file or "")
    token_file.unlink()
    write_destination(root, destination)

    with SpoolWriter(root) as writer, shipping(root):
        seal(writer, "a")
        until(lambda: str(token_file) in last_error(root), lambda: last_error(root))
        token_file.write_text(FIRST)
        collector.until(lambda: arrived(collector, writer) == 1)

    assert set(collector.shown) == {f"Bearer {FIRST}"}


@pytest.mark.parametrize("mode", ["process", "thread"])
def test_token_given_as_text_reaches_the_collector_and_no_disk(
    collector: GuardedCollector, root: Path, tmp_path: Path, mode: str
) -> None:
    settings = AgentSettings(
        deployment="shop", shipper=mode, collector=collector.address, ca_file=str(tmp_path / "ca.pem"), token=FIRST
    )

    with SpoolWriter(root) as writer:
        seal(writer, "a")
        look_after(root, settings)
        collector.until(lambda: arrived(collector, writer) == 1)
    stop_shipper(root)

    assert set(collector.shown) == {f"Bearer {FIRST}"}
    assert [path for path in root.rglob("*") if path.is_file() and FIRST.encode() in path.read_bytes()] == []
    assert FIRST not in repr(settings)


def test_token_is_refused_over_a_connection_in_the_clear(root: Path, tmp_path: Path) -> None:
    token_file = put(tmp_path / "token", FIRST.encode())

    with pytest.raises(UsageError, match=r"in the clear: use grpcs://, or say insecure=True"):
        Destination("grpc://monitor.example:8643", token_file=token_file)


def test_sidecar_does_not_send_its_own_token_in_the_clear(root: Path) -> None:
    write_destination(root, Destination("grpc://monitor.invalid:8643"))
    with SpoolWriter(root) as writer:
        seal(writer, "a")
    environment = {**os.environ, "TIDEGAUGE_TOKEN": FIRST}

    done = subprocess.Popen(
        [sys.executable, "-m", "tidegauge.shipper", "--root", str(root)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: "in the clear" in last_error(root), lambda: last_error(root))
    done.kill()
    _, logged = done.communicate(timeout=120)

    assert "would carry the token in the clear" in logged
    assert FIRST not in logged


@pytest.mark.parametrize("content", [b"", b"two words", "gru\u00df".encode(), b"a\nb"])
def test_token_that_makes_no_sense_is_named_by_its_file_and_not_shown(
    collector: GuardedCollector, destination: Destination, root: Path, content: bytes
) -> None:
    put(Path(destination.token_file or ""), content)
    write_destination(root, destination)

    with SpoolWriter(root) as writer, shipping(root):
        seal(writer, "a")
        until(lambda: "expected one token" in last_error(root), lambda: last_error(root))

    assert str(destination.token_file) in last_error(root)
    assert collector.shown == []


def test_roots_differ_by_credential_and_an_agent_without_one_keeps_its_root(tmp_path: Path) -> None:
    def root(**options: object) -> str:
        return AgentSettings(deployment="shop", spool=str(tmp_path), **options).root.name.partition("-")[2]  # type: ignore[arg-type]

    roots = [root(), root(token=FIRST), root(token=SECOND), root(token_file="/a"), root(cert_file="/a", key_file="/b")]

    assert len(set(roots)) == 5
    assert roots[0] == hashlib.blake2b(b"grpc://127.0.0.1:8643", digest_size=6).hexdigest()
    assert tidegauge.init("shop", spool=tmp_path, token=FIRST).settings.root.name.endswith(roots[1])


@pytest.mark.parametrize("mode", ["process", "thread"])
def test_agent_whose_token_would_go_in_the_clear_says_so_once_and_ships_nothing(
    root: Path, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = AgentSettings(
        deployment="shop", shipper=mode, collector="grpc://monitor.invalid:1", token_file="/run/token"
    )

    for _ in range(3):
        look_after(root, settings)

    assert caplog.text.count("would carry the token in the clear: use grpcs://") == 1
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("token", ["--token-file", "TIDEGAUGE_TOKEN"])
def test_ship_command_takes_address_and_credentials(
    collector: GuardedCollector, root: Path, tmp_path: Path, token: str
) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b")
    arguments = [
        "--root",
        str(root),
        "--collector",
        collector.address,
        "--ca-file",
        str(tmp_path / "ca.pem"),
        "--drain",
    ]
    environment = dict(os.environ)
    if token == "--token-file":
        arguments += [token, put(tmp_path / "token", FIRST.encode())]
    else:
        environment[token] = FIRST

    done = subprocess.run(
        [sys.executable, "-m", "tidegauge.cli", "ship", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, FIRST in done.stderr) == (0, False), done.stderr
    assert collector.frames[writer.epoch.bytes] == [event("a"), event("b")]
