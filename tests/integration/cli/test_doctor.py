"""`doctor` says what is wrong and what to do next, and is well only where all is."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from tidegauge.operating import checks_of_collector, checks_of_host
from tidegauge.operating.checks_of_collector import _clock
from tidegauge.shipper.destination import Destination, write_destination
from tidegauge.shipper.lock import Holder, ShipperLock
from tidegauge.shipper.status import ShipperStatus, write_status
from tidegauge.spool import Hole, SpoolWriter, list_epochs
from tidegauge.spool.holes import append_holes

from ..shipping.guarded import GuardedCollector, listening, pair_of, put, self_signed, write_pair

Seal = Callable[..., list[bytes]]
Doctor = Callable[..., dict[str, tuple[str, str, str]]]
TOKEN = "tg_a1_" + "x" * 43


@pytest.fixture
def doctor(tidegauge: Any) -> Doctor:
    """What `doctor` found, by check: state, text, next step; of several lines of a check the worst."""

    def run(*arguments: object) -> dict[str, tuple[str, str, str]]:
        items = sorted(tidegauge.json("doctor", *arguments)["items"], key=lambda one: one["state"] == "fail")
        return {one["check"]: (one["state"], one["text"], one["next_step"]) for one in items}

    return run


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    put(tmp_path / "ca.pem", made.cert_pem.bytes())
    return made


@pytest.fixture
def listen() -> Iterator[Callable[..., GuardedCollector]]:
    with listening() as begin:
        yield begin


Listen = Callable[..., GuardedCollector]


@pytest.fixture
def served(root: Path) -> Iterator[Callable[..., None]]:
    """Stands for a shipper that runs."""
    root.mkdir(parents=True)
    root.chmod(0o700)
    lock = ShipperLock.acquire(root, Holder(os.getpid(), "1.2.3", "sidecar"))
    assert lock is not None

    def say(**fields: object) -> None:
        usual = {"connected": True, "last_error": None, "refused_frames": 0, "blocked": {}}
        write_status(
            root, ShipperStatus(os.getpid(), "1.2.3", "", acknowledged_frames=0, config_revision=0, **usual | fields)
        )  # type: ignore[arg-type]

    yield say
    lock.release()


def test_all_is_well_where_all_is_well(
    tidegauge: Any,
    root: Path,
    seal: Seal,
    served: Callable[..., None],
    listen: Listen,
    tmp_path: Path,
    authority: trustme.CA,
) -> None:
    collector = listen(pair_of(authority.issue_cert("localhost")), tokens={TOKEN})
    token_file = Path(put(tmp_path / "token", TOKEN.encode()))
    token_file.chmod(0o600)
    write_destination(root, Destination(collector.address, str(tmp_path / "ca.pem"), token_file=str(token_file)))
    served()
    with SpoolWriter(root):
        code = tidegauge("doctor", "--root", root)

    assert (code, tidegauge.out.splitlines()[-1]) == (0, "0 failed, 0 warnings")
    for check in (
        "versions",
        "spool",
        "conservation",
        "shipper",
        "permissions",
        "space",
        "tcp",
        "tls",
        "hello",
        "protocol",
    ):
        assert f"ok    {check}" in tidegauge.out
    assert TOKEN not in tidegauge.out


def test_conservation_is_shown_as_a_sum_and_decided_losses_warn(doctor: Doctor, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, *"abcd")
    append_holes(writer.directory, writer.epoch, [Hole(2, 2, "quota", 5)])

    state, text, advice = doctor("--root", root)["conservation"]

    assert text == "created 4 = acknowledged 0 + spooled 3 + dropped 1 (1 quota) + quarantined 0"
    assert (state, "spool_quota_bytes" in advice) == ("warn", True)


def test_frames_that_nobody_gave_up_fail_conservation(doctor: Doctor, root: Path, seal: Seal) -> None:
    with SpoolWriter(root, segment_size_bytes=1) as writer:
        for text in "abc":
            seal(writer, text)
    (writer.directory / "00000002.seg").unlink()

    state, text, advice = doctor("--root", root)["conservation"]

    assert (state, "1 frames are gone that nobody gave up" in text, "spool verify" in advice) == ("fail", True, True)


def test_waiting_frames_without_a_shipper_fail(doctor: Doctor, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a")

    state, text, advice = doctor("--root", root)["shipper"]

    assert (state, text, advice) == ("fail", "none runs, and 1 frames wait", f"run `tidegauge ship --root {root}`")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("UNAUTHENTICATED: token unknown", "renew the token"),
        (
            "UNAVAILABLE: … CERTIFICATE_VERIFY_FAILED: certificate has expired",
            "have the collector's certificate renewed",
        ),
        ("UNAVAILABLE: Hostname Verification Check failed.", "host name that stands in the collector's certificate"),
        ("UNAVAILABLE: connection refused", "lines about the collector"),
    ],
)
def test_shipper_that_is_not_connected_fails_with_advice_for_its_error(
    doctor: Doctor, root: Path, served: Callable[..., None], error: str, advice: str
) -> None:
    served(connected=False, last_error=error)
    with SpoolWriter(root):
        state, text, next_step = doctor("--root", root)["shipper"]

    assert (state, error in text, advice in next_step) == ("fail", True, True)


def test_blocked_epochs_and_refused_frames_are_told(doctor: Doctor, root: Path, served: Callable[..., None]) -> None:
    with SpoolWriter(root):
        served(blocked={"0190": "purged"})
        blocked = doctor("--root", root)["shipper"]
        served(refused_frames=3)
        refused = doctor("--root", root)["shipper"]

    assert (blocked[0], "0190: purged" in blocked[1]) == ("fail", True)
    assert (refused[0], "3 frames were refused" in refused[1]) == ("warn", True)


def test_frames_that_wait_behind_a_parcel_are_told(tidegauge: Any, doctor: Doctor, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b")
        tidegauge("spool", "export", "--root", root, "--to", root.parent / "p", "--acknowledge")
        seal(writer, "c")
        found = doctor("--root", root)

    assert found["carried"][:2] == (
        "warn",
        "2 frames went by hand; 1 behind them wait here until the collector has those",
    )
    assert found["conservation"][1].endswith("quarantined 0 + carried 2")


def test_open_permissions_and_links_are_told(doctor: Doctor, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a")
    well = doctor("--root", root)["permissions"]
    writer.directory.chmod(0o755)
    opened = doctor("--root", root)["permissions"]
    writer.directory.chmod(stat.S_IRWXU)
    (writer.directory / "00000009.seg").symlink_to("/etc/passwd")
    linked = doctor("--root", root)["permissions"]

    assert (well[0], opened[0], linked[0]) == ("ok", "warn", "fail")
    assert "mode 755" in opened[1]
    assert "symbolic link" in linked[1]


def test_credential_files_that_are_missing_or_open_to_all_are_told(doctor: Doctor, root: Path, tmp_path: Path) -> None:
    with SpoolWriter(root):
        token_file = tmp_path / "token"
        write_destination(root, Destination("grpcs://localhost:1", token_file=str(token_file)))
        missing = doctor("--root", root)["credentials"]
        token_file.write_text(TOKEN)
        token_file.chmod(0o644)
        opened = doctor("--root", root)["credentials"]

    assert (missing[0], opened[0]) == ("fail", "warn")
    assert str(token_file) in missing[1]


def test_space_is_compared_with_the_quota(doctor: Doctor, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SpoolWriter(root):
        monkeypatch.setenv("TIDEGAUGE_SPOOL_QUOTA_BYTES", "1024GiB")
        too_little = doctor("--root", root)["space"]
        monkeypatch.setenv("TIDEGAUGE_SPOOL_QUOTA_BYTES", "1MiB")
        enough = doctor("--root", root)["space"]

    assert (too_little[0], enough[0]) == ("warn", "ok")


def test_collector_that_nobody_runs_fails_at_tcp(doctor: Doctor, tmp_path: Path) -> None:
    found = doctor("--spool", tmp_path, "--collector", "grpc://127.0.0.1:1")

    assert found["tcp"][0] == "fail"
    assert "hello" not in found


WRONG: dict[str, tuple[Callable[[trustme.CA], tuple[bytes, bytes]], str]] = {
    "expired": (lambda ca: pair_of(ca.issue_cert("localhost", not_after=datetime(2021, 1, 1, tzinfo=UTC))), "expired"),
    "another host": (lambda ca: pair_of(ca.issue_cert("elsewhere.example")), "elsewhere|localhost"),
    "signed by itself": (lambda _: self_signed("localhost"), "self"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_certificate_fails_at_tls_and_says_why(
    doctor: Doctor, listen: Listen, authority: trustme.CA, tmp_path: Path, case: str
) -> None:
    make, reason = WRONG[case]
    collector = listen(make(authority))

    found = doctor("--spool", tmp_path, "--collector", collector.address, "--ca-file", tmp_path / "ca.pem")

    assert found["tls"][0] == "fail"
    assert any(word in found["tls"][1] for word in reason.split("|"))
    assert "hello" not in found


def test_certificate_that_ends_soon_warns(
    doctor: Doctor, listen: Listen, authority: trustme.CA, tmp_path: Path
) -> None:
    soon = datetime.now(UTC) + timedelta(days=3)
    collector = listen(pair_of(authority.issue_cert("localhost", not_after=soon)))

    found = doctor("--spool", tmp_path, "--collector", collector.address, "--ca-file", tmp_path / "ca.pem")

    assert (found["tls"][0], found["hello"][0]) == ("warn", "ok")


def test_client_certificate_that_is_asked_for_and_missing_is_told_then_shown(
    doctor: Doctor, listen: Listen, authority: trustme.CA, tmp_path: Path
) -> None:
    collector = listen(pair_of(authority.issue_cert("localhost")), clients=authority.cert_pem.bytes())
    certificate, key = write_pair(tmp_path, authority.issue_cert("agent.example"))
    there = ("--spool", tmp_path, "--collector", collector.address, "--ca-file", tmp_path / "ca.pem")

    without = doctor(*there)
    with_one = doctor(*there, "--cert-file", certificate, "--key-file", key)

    assert (without["hello"][0], "cert_file and key_file" in without["hello"][2]) == ("fail", True)
    assert with_one["hello"][0] == "ok"


@pytest.mark.parametrize(("days", "state"), [(-1, "fail"), (3, "warn"), (60, "ok")])
def test_client_certificate_that_ends_soon_warns_and_an_expired_one_fails(
    doctor: Doctor, listen: Listen, authority: trustme.CA, tmp_path: Path, days: int, state: str
) -> None:
    collector = listen(pair_of(authority.issue_cert("localhost")))
    end = datetime.now(UTC) + timedelta(days=days)
    certificate, key = write_pair(tmp_path, authority.issue_cert("agent.example", not_after=end))

    found = doctor(
        "--spool", tmp_path, "--collector", collector.address, "--ca-file", tmp_path / "ca.pem",
        "--cert-file", certificate, "--key-file", key,
    )  # fmt: skip

    assert found["client_certificate"][0] == state
    assert f"{end:%Y-%m-%d}" in found["client_certificate"][1]


@pytest.mark.parametrize("content", [b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"])
def test_a_client_certificate_that_is_none_is_told(content: bytes) -> None:
    found = checks_of_collector.client_certificate(content, "agent.pem", datetime.now(UTC))

    assert (found.state, "agent.pem cannot be read" in found.text) == ("fail", True)


def test_token_is_taken_from_file_or_environment_and_never_shown(
    tidegauge: Any,
    doctor: Doctor,
    listen: Listen,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    collector = listen(pair_of(authority.issue_cert("localhost")), tokens={TOKEN})
    there = ("--spool", tmp_path, "--collector", collector.address, "--ca-file", tmp_path / "ca.pem")

    without = doctor(*there)
    from_file = doctor(*there, "--token-file", put(tmp_path / "token", TOKEN.encode()))
    monkeypatch.setenv("TIDEGAUGE_TOKEN", TOKEN)
    from_environment = doctor(*there)

    assert (without["hello"][0], "renew the token" in without["hello"][2]) == ("fail", True)
    assert (from_file["hello"][0], from_environment["hello"][0]) == ("ok", "ok")
    assert TOKEN not in tidegauge.out + tidegauge.err


def test_greeting_names_no_epoch(doctor: Doctor, listen: Listen, root: Path, seal: Seal) -> None:
    collector = listen(None)
    write_destination(root, Destination(collector.address_in_the_clear))
    with SpoolWriter(root) as writer:
        seal(writer, "a")
        found = doctor("--root", root)

    assert found["hello"][0] == "ok"
    assert collector.frames == {}
    assert len(list_epochs(root)) == 1


@pytest.mark.parametrize(
    ("ahead_s", "state"),
    [(0.0, "ok"), (59.0, "ok"), (-61.0, "warn"), (120.0, "warn"), (301.0, "fail"), (-400.0, "fail")],
)
def test_clock_is_judged_by_its_skew(ahead_s: float, state: str) -> None:
    here_us = time.time_ns() // 1_000

    finding = _clock(here_us - int(ahead_s * 1e6), 0.0, here_us)

    assert finding.state == state
    assert ("ahead of" in finding.text) == (ahead_s > 0)


def test_older_protocol_of_the_collector_is_told(
    doctor: Doctor, listen: Listen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = listen(None)
    monkeypatch.setattr(checks_of_collector, "PROTOCOL_VERSION", 2)

    found = doctor("--spool", tmp_path, "--collector", collector.address_in_the_clear)

    assert (found["protocol"][0], found["protocol"][2]) == ("warn", "upgrade the collector when you can")


def test_missing_and_old_packages_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks_of_host, "OLDEST", {"no-such-package": (1, 0), "numpy": (99, 0)})

    failed = [one for one in checks_of_host.check_versions() if one.state == "fail"]

    assert [one.next_step for one in failed] == ["pip install 'no-such-package>=1.0'", "pip install 'numpy>=99.0'"]


def test_host_where_nothing_has_run_yet_is_no_failure(
    tidegauge: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEGAUGE_SPOOL", str(tmp_path / "nothing"))

    code = tidegauge("doctor")

    assert code == 0
    assert "nothing was sealed here by this user yet" in tidegauge.out
