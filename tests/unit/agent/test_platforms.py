"""macOS and Windows, simulated on Linux: names that are missing there are taken away before the import. Nothing here has run on either."""

import subprocess
import sys
from pathlib import Path

import pytest

from tidegauge.shipper.start import shipper_mode

FIRST = """
import os, sys, types
import random, subprocess, shutil, tempfile, ctypes, sysconfig, zoneinfo, uuid, ssl, logging, asyncio
import numpy.ma, wrapt, google.protobuf.message
"""  # others' modules, which look at the platform themselves
MACOS = (
    FIRST
    + """
sys.platform = "darwin"
del os.fdatasync
"""
)
WINDOWS = (
    FIRST
    + """
import fcntl as _real
for name in ("fork", "register_at_fork", "O_NOFOLLOW", "O_CLOEXEC", "O_DIRECTORY", "O_NONBLOCK", "getuid", "fdatasync"):
    delattr(os, name)
for name in ("pread", "pwrite"):
    delattr(os, name)
os.supports_dir_fd.clear()
_open, _rename, _replace, _unlink = os.open, os.rename, os.replace, os.unlink
def refuse_what_is_open(path):
    held = {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")}
    if any(one == os.path.abspath(path) or one.startswith(os.path.abspath(path) + "/") for one in held):
        raise PermissionError(13, "open in this process", str(path))
def open_a_file(path, flags, mode=0o777, *, dir_fd=None):
    if dir_fd is not None:
        raise NotImplementedError("dir_fd")
    if os.path.isdir(path):
        raise PermissionError(13, "a directory", str(path))
    return _open(path, flags, mode)
def rename(source, target):
    refuse_what_is_open(source)
    if os.path.lexists(target):
        raise FileExistsError(17, "exists", str(target))
    _rename(source, target)
def replace(source, target):
    refuse_what_is_open(source)
    refuse_what_is_open(target)
    _replace(source, target)
def unlink(path):
    refuse_what_is_open(path)
    _unlink(path)
os.open, os.rename, os.replace, os.unlink = open_a_file, rename, replace, unlink
msvcrt = types.ModuleType("msvcrt")
msvcrt.LK_NBLCK, msvcrt.LK_UNLCK = 2, 0
msvcrt.locking = lambda fd, mode, size: _real.flock(fd, _real.LOCK_EX | _real.LOCK_NB if mode == 2 else _real.LOCK_UN)
sys.modules["fcntl"], sys.modules["msvcrt"] = None, msvcrt
sys.platform = "win32"
"""
)
NOTHING = WINDOWS + 'sys.modules["msvcrt"] = None\n'
HOST = """
import tidegauge, threading
agent = tidegauge.init("d", version="1", spool=sys.argv[1], collector="grpc://127.0.0.1:1", shipper="none")
predict = agent.watch(lambda row: row["x"] * 2)
assert [predict({"x": float(n)}) for n in range(50)] == [2.0 * n for n in range(50)]
agent.flush()
other = tidegauge.init("d", version="1", spool=sys.argv[1], collector="grpc://127.0.0.1:2", shipper="none")
other.record({"x": 1.0}); other.flush()
print(agent.status()["sealed"], other.status()["sealed"], agent.status()["counters"])
"""
SPOOL = """
import uuid
from pathlib import Path
from tidegauge.errors import SpoolLocked
from tidegauge.spool import *
from tidegauge.spool.directory import delete_acknowledged
from tidegauge.spool.lock import writer_state
from tidegauge.spool.own_directory import OwnDirectory
root = Path(sys.argv[1]) / "root"
one_row = lambda _: 1
with SpoolWriter(root, segment_size_bytes=4_096, quota_bytes=20_000, rows_of=one_row) as writer:
    for number in range(100):
        writer.append(1, bytes(500)); writer.commit()
    is_live = writer_state(writer.directory).is_live
    try:
        OwnDirectory(root, writer.epoch)
    except SpoolLocked:
        print("locked", end=" ")
reader, numbers, lost = SpoolReader(writer.directory), [], 0
while items := reader.read():
    numbers += [item.seq for item in items if isinstance(item, Record)]
    lost += sum(item.rows for item in items if isinstance(item, Hole))
write_position(writer.directory, Position(100, 100))
delete_acknowledged(list_epochs(root)[0], 100)
left = [one.name for one in writer.directory.iterdir() if one.suffix in {".seg", ".open"}]
print(is_live, writer_state(writer.directory).is_live, numbers[-1], len(numbers) + lost, lost > 0, left)
"""


def run(platform: str, spool: Path, host: str = HOST) -> str:
    command = [sys.executable, "-c", platform + host, str(spool)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.strip()


@pytest.mark.parametrize("platform", [MACOS, WINDOWS, NOTHING], ids=["macOS", "Windows", "no locks at all"])
def test_the_agent_imports_and_seals_without_what_only_linux_has(tmp_path: Path, platform: str) -> None:
    assert run(platform, tmp_path) == "50 1 {'faults': 0}"


@pytest.mark.parametrize(
    ("platform", "is_live"),
    [(MACOS, True), (WINDOWS, True), (NOTHING, False)],
    ids=["macOS", "Windows", "no locks at all"],
)
def test_a_spool_is_written_read_kept_small_and_emptied_there(tmp_path: Path, platform: str, is_live: bool) -> None:
    """Where nothing can be locked a living writer looks dead; else everything is as on Linux."""
    assert run(platform, tmp_path, SPOOL) == f"locked {is_live} False 100 100 True []"


@pytest.mark.parametrize(
    ("wanted", "platform", "mode"),
    [
        ("process", "linux", "process"),
        ("process", "darwin", "thread"),
        ("process", "win32", "thread"),
        ("none", "darwin", "none"),
        ("thread", "linux", "thread"),
    ],
)
def test_where_there_is_no_fork_the_shipper_is_a_thread(wanted: str, platform: str, mode: str) -> None:
    assert shipper_mode(wanted, platform) == mode
