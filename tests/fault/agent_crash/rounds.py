"""A round: victims live and die on one spool root, something befalls it, then all is shipped and the oracle is asked."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from crash_intake import Intake
from crash_oracle import Ledger, Stored, check_conservation

from tidegauge.shipper.destination import Destination
from tidegauge.shipper.link import GrpcLink
from tidegauge.shipper.loop import Shipper
from tidegauge.spool import crash_points, list_epochs

WAIT_S = 120.0
FAULTS = ("full disk", "fsync error", "partition", "clock jump", "poison")
ENDS = ("crash point", "crash point", "kill", "none")
DAMAGES = ("flip", "cut", "torn tail", "position", "none", "none")


class HurriedClock:
    """Time in a hurry, so that waiting after a loss takes no time."""

    def monotonic(self) -> float:
        return time.monotonic() * 40.0

    def now_us(self) -> int:
        return 0


@dataclass
class Round:
    """One seeded round; `describe` says what it did."""

    seed: int
    directory: Path
    intake: Intake

    def run(self) -> None:
        """Live through it and check; raises AssertionError with the story of the round."""
        draws = random.Random(self.seed)
        generations = draws.choice([1, 1, 2])  # the second adopts what the first left
        for generation in range(generations):
            victims = [self.start(draws, f"g{generation}v{n}") for n in range(draws.choice([1, 1, 2]))]
            if draws.random() < 0.3:
                self._wait_for_lines(victims[0], draws.randint(5, 60))
                self.intake.restart()
            for victim in victims:
                self._await_end(victim, draws)
        damage = draws.choice(DAMAGES)
        is_lossy = damage_spool(self.root, damage, draws)
        self.settle(was_damaged=is_lossy)

    @property
    def root(self) -> Path:
        return self.directory / "root"

    def start(self, draws: random.Random, name: str) -> "Running":
        """Start a victim with a fate of its own."""
        plan = {
            "steps": 120,
            "quota_bytes": draws.choice([2_500, 5_000, 10_000, 1 << 20]),
            "faults": draws.sample(FAULTS, draws.choice([0, 1, 1, 2])),
            "seed": draws.getrandbits(32),
        }
        end, crash_at = draws.choice(ENDS), ""
        if end == "crash point":
            crash_at = f"{draws.choice(crash_points.CRASH_POINTS)}:{draws.randint(1, 6)}"
        return start_victim(self.directory, self.intake, name, plan, crash_at, kill=end == "kill")

    def settle(self, *, was_damaged: bool) -> None:
        """Ship what is left with a calm link, then ask the oracle."""
        drain(self.root, self.intake)
        left = [epoch.path.name for epoch in list_epochs(self.root)]
        assert not left, f"still spooled after all was shipped: {left}"
        ledger = Ledger.read(sorted(self.directory.glob("*.ledger")))
        check_conservation(ledger, Stored.read(self.intake.entries()), was_damaged=was_damaged)

    def _wait_for_lines(self, victim: "Running", lines: int) -> None:
        deadline = time.monotonic() + WAIT_S
        while victim.process.poll() is None and victim.lines() < lines:
            assert time.monotonic() < deadline, "the victim does nothing"
            time.sleep(0.002)

    def _await_end(self, victim: "Running", draws: random.Random) -> None:
        if victim.is_to_be_killed:
            self._wait_for_lines(victim, draws.randint(3, 120))
            victim.process.send_signal(signal.SIGKILL)
        victim.process.wait(WAIT_S)
        assert victim.process.returncode in {0, crash_points.EXIT_CODE, -signal.SIGKILL}, victim.story()


@dataclass(frozen=True)
class Running:
    """A victim's process."""

    process: "subprocess.Popen[bytes]"
    ledger: Path
    errors: Path
    is_to_be_killed: bool

    def lines(self) -> int:
        return self.ledger.read_bytes().count(b"\n") if self.ledger.exists() else 0

    def story(self) -> str:
        return f"the victim ended with {self.process.returncode}: {self.errors.read_text()[-3000:]}"


def start_victim(
    directory: Path, intake: Intake, name: str, plan: dict[str, object], crash_at: str, *, kill: bool = False
) -> Running:
    """Start a victim on the round's spool root."""
    ledger, errors = directory / f"{name}.ledger", directory / f"{name}.stderr"
    whole = {
        "name": name,
        "root": str(directory / "root"),
        "collector": intake.address,
        "ledger": str(ledger),
        "faults": [],
        **plan,
    }
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("victim.py")), json.dumps(whole)],
            stderr=stderr,
            env={**os.environ, "TIDEGAUGE_CRASH_AT": crash_at},
        )
    return Running(process, ledger, errors, kill)


def drain(root: Path, intake: Intake) -> None:
    """Ship everything that dead victims left."""
    if not root.exists():
        return  # it died before the first frame
    shipper = Shipper(
        root,
        lambda: GrpcLink(Destination(intake.address)),
        clock=HurriedClock(),
        rng=random.Random(1),
        version="1",
        drain=True,
    )
    shipper.stop(drain_s=WAIT_S * 40)
    assert shipper.run(), "not everything could be shipped"


def damage_spool(root: Path, damage: str, draws: random.Random) -> bool:
    """Do something to the bytes of a dead victim's spool; say whether that may cost frames."""
    segments = sorted(root.glob("*/*.seg")) + sorted(root.glob("*/*.open"))
    positions = sorted(root.glob("*/position"))
    if damage == "position" and positions:
        draws.choice(positions).write_bytes(draws.randbytes(30))
        return False
    if damage == "torn tail":
        for path in sorted(root.glob("*/*.open")):
            path.write_bytes(path.read_bytes() + draws.randbytes(draws.randint(1, 60)))
        return False
    if damage not in {"flip", "cut"} or not segments:
        return False
    path = draws.choice(segments)
    content = bytearray(path.read_bytes())
    if not content:
        return False
    at = draws.randrange(len(content))
    if damage == "flip":
        content[at] ^= 1 << draws.randrange(8)
    path.write_bytes(content if damage == "flip" else content[:at])
    return True
