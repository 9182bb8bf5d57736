"""What can go wrong at the agent, sorted by what the caller does next.

TidegaugeError
├── UsageError            the call or an option is wrong: mend the code (raised by explicit calls and `init`, never by `watch`)
├── PredictionRefused     a humility rule of yours said `action="refuse"`: answer without the model
├── SpoolError            the spool directory cannot be used
│   ├── SpoolLocked       another process writes there
│   └── SpoolVersionError written by a newer Tidegauge: upgrade this one
└── WireError             bytes that are not a valid frame: quarantine them
"""

from __future__ import annotations


class TidegaugeError(Exception):
    """Root of every error that Tidegauge's agent raises."""


class UsageError(TidegaugeError, ValueError):
    """A call or an option is wrong; the message names the thing, the value and the fix."""


class PredictionRefused(TidegaugeError):  # noqa: N818 - says what happened, not whose fault it is
    """A humility rule with the action "refuse" marked rows of the call: `rule` is its name, `rows` are their numbers."""

    def __init__(self, rule: str, rows: list[int]) -> None:
        shown = ", ".join(map(str, rows[:5])) + (", …" if len(rows) > 5 else "")
        super().__init__(f"humility rule {rule!r} refuses the prediction of {len(rows)} rows (numbers {shown}, from 0)")
        self.rule = rule
        self.rows = rows

    def __reduce__(self) -> tuple[type[PredictionRefused], tuple[str, list[int]]]:
        return type(self), (self.rule, self.rows)


class SpoolError(TidegaugeError):
    """The spool directory cannot be used."""


class SpoolLocked(SpoolError):  # noqa: N818 - the tree above reads as states
    """Another process holds the lock of this spool."""


class SpoolVersionError(SpoolError):
    """The spool was written in a format newer than this version reads."""


class WireError(TidegaugeError):
    """Bytes that are not a valid frame."""
