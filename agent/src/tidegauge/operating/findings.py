"""What a check found: a state, the facts, and what to do next."""

from dataclasses import dataclass

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `tidegauge doctor`. `next_step` is empty where nothing is to be done."""

    check: str
    state: str
    text: str
    next_step: str = ""
