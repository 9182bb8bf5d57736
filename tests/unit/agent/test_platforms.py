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
MACOS = FIRST + """
sys.platform = "darwin"
del os.fdatasync
"""
WINDOWS = FIRST + """
import fcntl as _real
for name in ("fork", "register_at_fork", "O_NOFOLLOW", "O_CLOEXEC", "O_DIRECTORY", "O_NONBLOCK", "getuid", "fdatasync"):
    delattr(os, name)
msvcrt = types.ModuleType("msvcrt")
msvcrt.LK_NBLCK, msvcrt.LK_UNLCK = 2, 0
msvcrt.locking = lambda fd, mode, size: _real.flock(fd, _real.LOCK_EX | _real.LOCK_NB if mode == 2 else _real.LOCK_UN)
sys.modules["fcntl"], sys.modules["msvcrt"] = None, msvcrt
sys.platform = "win32"
"""
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


def run(platform: str, spool: Path) -> str:
    command = [sys.executable, "-c", platform + HOST, str(spool)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.strip()


@pytest.mark.parametrize("platform", [MACOS, WINDOWS, NOTHING], ids=["macOS", "Windows", "no locks at all"])
def test_the_agent_imports_and_seals_without_what_only_linux_has(tmp_path: Path, platform: str) -> None:
    assert run(platform, tmp_path) == "50 1 {'faults': 0}"


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
