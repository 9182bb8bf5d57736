"""Bad places for a spool: the answers are the model's, nothing is raised, one warning a minute at most, and the counters tell."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from guest_berth import Berth, digests, ids_in

HEAD = """
import logging, os, resource, shutil, sys, time
heard = []
class Ears(logging.Handler):
    def emit(self, record):
        heard.append(record.getMessage())
logging.getLogger().addHandler(Ears())
report_file = open(os.environ["GUEST_REPORT"], "w")
"""
BODY = """
import service
for number in range(6):
    assert service.answer_many(f"round-{number}", 20) == [n * 0.5 + 1.0 for n in range(20)]
    time.sleep(0.05)
end = time.monotonic() + 60
def is_through(status):
    return status["captured"] == 120 and (status["counters"] if FAILS else status).get("spool_errors" if FAILS else "sealed")
while not is_through(status := service.agent.status()) and time.monotonic() < end:
    time.sleep(0.02)
report = {"sealed": status["sealed"], "captured": status["captured"], "dropped": status["dropped"],
          "counters": status["counters"], "heard": len(heard), "said": heard[:3]}
report_file.write(repr(report))
report_file.close()
"""
BODY_THAT_FAILS = BODY.replace("FAILS", "True")
BODY = BODY.replace("FAILS", "False")
WRITABLE = {
    "no HOME": "os.environ.pop('HOME', None)",
    "no temporary directory": "os.environ['TMPDIR'] = '/nowhere'",
    "umask 000": "os.umask(0)",
    "umask 077": "os.umask(0o077)",
    "closed stdin, stdout and stderr": "[os.close(fd) for fd in (0, 1, 2)]",
    "closed stdio objects": "sys.stdin = sys.stdout = sys.stderr = None",
    "the working directory is gone": "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')",
}
OPEN_LEDGER = "import ledger, service; ledger.write('called'); ledger.write('sealed'); "
LIMITS = {
    "files of 3 KiB": "resource.setrlimit(resource.RLIMIT_FSIZE, (3072, 3072))",
    "no descriptor left": "last = os.dup(2); os.close(last); resource.setrlimit(resource.RLIMIT_NOFILE, (last, last))",
}


def host(berth: Berth, script: str, **environment: str) -> dict[str, object]:
    """Run a host; what it reports."""
    report = berth.directory / "report"
    report.touch()
    ended = berth.run(HEAD + script, GUEST_REPORT=str(report), GUEST_SEAL_EVERY_S="0.07", **environment)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    found: dict[str, object] = ast.literal_eval(report.read_text())
    return found


@pytest.mark.parametrize("place", WRITABLE)
def test_an_odd_place_is_used_as_any(berth: Berth, place: str) -> None:
    report = host(berth, WRITABLE[place] + BODY)

    assert report["heard"] == 0, report
    assert ids_in(berth.spooled()) == digests(berth.called())


@pytest.mark.parametrize("place", ["umask 000", "umask 077"])
def test_the_spool_is_nobody_elses_whatever_the_umask(berth: Berth, place: str) -> None:
    host(berth, WRITABLE[place] + BODY)

    for path in berth.roots()[0].rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_without_a_home_a_directory_is_found(berth: Berth) -> None:
    script = "os.environ.pop('HOME', None); os.environ.pop('TIDEGAUGE_SPOOL', None); os.environ['XDG_STATE_HOME'] = os.getcwd()"

    report = host(berth, script + BODY)

    assert report["heard"] == 0, report
    assert (berth.directory / "tidegauge").is_dir()


@pytest.mark.parametrize("place", ["a file in its place", "a link in its place", "read-only", "not ours"])
def test_a_spool_that_cannot_be_made_costs_one_warning(berth: Berth, place: str) -> None:
    if place == "a file in its place":
        berth.spool.write_text("")
    elif place == "a link in its place":
        berth.spool.symlink_to("/proc/nothing")
    else:
        berth.spool = Path("/proc/tidegauge" if place == "read-only" else "/sys/kernel/tidegauge")

    report = host(berth, BODY_THAT_FAILS)

    assert report["sealed"] == 0
    assert report["captured"] == 120
    assert report["counters"]["spool_errors"] >= 1  # type: ignore[index]
    assert report["heard"] == 1, report


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    place = tmp_path / "tiny"
    place.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tiny", place], check=False).returncode
    ):
        pytest.skip("mounting a small disk needs root and the right to mount")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_costs_one_warning(berth: Berth, tiny_disk: Path) -> None:
    berth.spool = tiny_disk / "spool"
    (tiny_disk / "fill").write_bytes(bytes(60 * 1024))

    report = host(berth, BODY_THAT_FAILS)

    assert report["captured"] == 120
    assert report["counters"]["spool_errors"] >= 1, report  # type: ignore[index]
    assert report["heard"] == 1, report


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_of_the_process_costs_one_warning(berth: Berth, limit: str) -> None:
    report = host(berth, OPEN_LEDGER + LIMITS[limit] + BODY_THAT_FAILS)

    assert report["captured"] == 120
    assert report["counters"]["spool_errors"] >= 1, report  # type: ignore[index]
    assert report["heard"] == 1, report


def test_what_is_printed_to_a_closed_stdout_does_not_land_in_the_spool(berth: Berth) -> None:
    script = (
        OPEN_LEDGER
        + WRITABLE["closed stdin, stdout and stderr"]
        + BODY.replace(
            "    time.sleep(0.05)\n",
            """    service.agent.flush()
    for fd in (0, 1, 2):
        try:
            os.write(fd, b"printed by the host")
        except OSError:
            pass
""",
        )
    )
    host(berth, script)

    assert ids_in(berth.spooled()) == digests(berth.called())
    assert not [path for path in berth.roots()[0].rglob("*") if path.is_file() and b"printed by" in path.read_bytes()]


def test_a_spool_deleted_under_the_agent_is_made_again(berth: Berth) -> None:
    script = BODY.replace(
        "    time.sleep(0.05)\n", "    service.agent.flush()\n    shutil.rmtree(os.environ['TIDEGAUGE_SPOOL'])\n"
    )

    report = host(berth, script)

    assert report["captured"] == report["sealed"] == 120
    assert report["heard"] <= 1, report  # where it is deleted under the hands of the worker


def test_two_services_on_one_spool_have_an_epoch_each(berth: Berth) -> None:
    host(berth, BODY.replace('f"round-', 'f"one-'))
    host(berth, BODY.replace('f"round-', 'f"two-'))

    assert len(berth.roots()) == 1
    assert ids_in(berth.spooled()) == digests(berth.called())
    assert len({epoch for (epoch, _), _ in berth.spooled()}) == 2


def test_as_the_first_process_of_a_container_it_seals_and_leaves_no_zombie(berth: Berth) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("a pid namespace needs root and unshare")
    script = """
import os
import service
assert os.getpid() == 1
service.answer_many("first", 50)
service.agent.flush(wait="acknowledged", timeout_s=1)
states = [open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] for pid in os.listdir("/proc") if pid.isdecimal()]
assert "Z" not in states, states
"""
    (berth.directory / "host.py").write_text(script)
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "host.py"]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=berth.directory,
        env=berth.environment(TIDEGAUGE_SHIPPER="process"),
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert ids_in(berth.spooled()) == digests(berth.called())
