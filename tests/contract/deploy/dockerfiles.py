"""Reads Dockerfiles as data: stages of instructions. Knows no more of the format than ours use."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
DOCKERFILES = tuple(sorted([*DEPLOY.glob("docker/Dockerfile.*"), *DEPLOY.glob("compose/**/Dockerfile")]))


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its lines joined."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """Of a JSON list its strings, else what blanks divide."""
        text = re.sub(r"^(--\S+\s+)*(CMD\s+)?", "", self.text) if self.name == "HEALTHCHECK" else self.text
        return list(json.loads(text)) if text.startswith("[") else text.split()


def instructions(path: Path) -> list[Instruction]:
    """All instructions of a file."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found = [line.split(None, 1) for line in joined.splitlines() if line.strip()]
    return [Instruction(name.upper(), text.strip()) for name, text in found]


def stages(path: Path) -> list[list[Instruction]]:
    """The instructions of each stage, its FROM first."""
    found: list[list[Instruction]] = []
    for one in instructions(path):
        if one.name == "FROM":
            found.append([])
        found[-1].append(one)
    return found


def of(stage: list[Instruction], name: str) -> list[Instruction]:
    """The instructions of one name."""
    return [one for one in stage if one.name == name]


def environment(stage: list[Instruction]) -> dict[str, str]:
    """What ENV sets."""
    return dict(pair.split("=", 1) for one in of(stage, "ENV") for pair in one.text.split())
