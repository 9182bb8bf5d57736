"""`tidegauge ship --drain` says 0 only where everything was shipped."""

import subprocess
import sys
from pathlib import Path

import pytest

from tidegauge.cli import main
from tidegauge.spool.writer import SpoolWriter
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.kinds import FrameKind


def drain(spool: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tidegauge.cli", "ship", "--spool", str(spool), "--drain"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_draining_a_spool_names_the_root_that_names_no_collector(tmp_path: Path) -> None:
    root = tmp_path / "0-0123456789ab"
    with SpoolWriter(root) as writer:
        writer.append(FrameKind.EVENT, pb.Event(name="note", text="sealed just before kill -9").SerializeToString())

    done = drain(tmp_path)

    assert done.returncode == 1
    assert f"{root} names no collector" in done.stderr
    assert f"tidegauge ship --root {root} --collector URL" in done.stderr


def test_a_root_that_is_not_there_is_named_and_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["ship", "--root", str(tmp_path / "misspelt")])

    assert code == 78
    assert f"{tmp_path / 'misspelt'} is no spool root: name one" in capsys.readouterr().err
    assert not (tmp_path / "misspelt").exists()


def test_draining_an_empty_spool_is_well(tmp_path: Path) -> None:
    done = drain(tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
