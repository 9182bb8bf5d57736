"""Spools with something in them, and the commands run in this process."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tidegauge.cli import main
from tidegauge.spool.writer import SpoolWriter
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.kinds import FrameKind

SEALED_US = 1_700_000_000_000_000


def note(text: str, deployment: str = "shop") -> bytes:
    """A frame that holds an event."""
    frame = pb.Frame(deployment=deployment, sealed_at_us=SEALED_US, event=pb.Event(name="note", text=text))
    return frame.SerializeToString()


class Command:
    """Runs `tidegauge …` and keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: object) -> int:
        code = main([str(one) for one in arguments])
        self.out, self.err = self._capsys.readouterr()
        return code

    def json(self, *arguments: object) -> Any:
        """What a command prints as JSON."""
        self(*arguments, "--json")
        return json.loads(self.out)


@pytest.fixture
def tidegauge(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "0-root"


@pytest.fixture
def seal() -> Callable[..., list[bytes]]:
    """Seals notes in a spool and returns their frames."""

    def seal(writer: SpoolWriter, *texts: str) -> list[bytes]:
        frames = [note(text) for text in texts]
        for frame in frames:
            writer.append(FrameKind.EVENT, frame)
        writer.commit()
        return frames

    return seal
