"""What doctor finds: one line a matter, and what to do about it."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["ok", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`check`: the matter, stable for scripts. `next_step`: what to do, empty where nothing is to be done."""

    check: str
    state: State
    text: str
    next_step: str = ""


@dataclass(slots=True)
class Report:
    """All findings and the figures behind them, as plain JSON values."""

    findings: list[Finding] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def is_well(self) -> bool:
        """Whether nothing is bad; warnings may be there."""
        return all(one.state != "bad" for one in self.findings)

    def add(self, check: str, state: State, text: str, next_step: str = "") -> None:
        self.findings.append(Finding(check, state, text, next_step))

    def as_json(self) -> dict[str, Any]:
        return {"ok": self.is_well, "findings": [asdict(one) for one in self.findings], "figures": self.figures}
