"""The windows of a range: its minutes, hours or days, or the whole."""

from __future__ import annotations

from datetime import tzinfo

from tidegauge.core.windows import DAY_US, HOUR_US, MINUTE_US, Window, days, window_start

STEPS = ("minute", "hour", "day", "total")
MAX_WINDOWS = 10_000
MAX_MEASUREMENTS = 200_000
"""Of one answer: one for each window and column, or group."""
_LENGTHS = {"minute": MINUTE_US, "hour": HOUR_US}


def check_many(windows: int, of: int, what: str) -> None:
    """Raises ValueError where so many windows of so many columns or groups are more than one answer holds."""
    if windows * of > MAX_MEASUREMENTS:
        raise ValueError(
            f"{windows} windows of {of} {what} are more than {MAX_MEASUREMENTS} measurements: name one of the {what}, or ask for a "
            f"shorter range or a longer step"
        )


def range_windows(start_us: int, end_us: int, step: str, zone: tzinfo) -> list[Window]:
    """The windows of `step` that overlap [start_us, end_us): whole ones on the grid, days local; "total" is the range itself.

    Raises ValueError for an unknown step, a range that is empty or has more than 10,000 windows.
    """
    if step not in STEPS:
        raise ValueError(f"step={step!r}: use one of {', '.join(STEPS)}")
    if end_us <= start_us:
        raise ValueError("the range is empty: end must be after start")
    if step == "total":
        return [Window(start_us, end_us)]
    length = _LENGTHS.get(step, DAY_US)
    if (end_us - start_us) // length > MAX_WINDOWS:
        raise ValueError(
            f"the range has more than {MAX_WINDOWS} windows of a {step}: ask for a shorter range or a longer step"
        )
    if step == "day":
        return list(days(start_us, end_us, zone))
    first = window_start(start_us, length)
    return [Window(at, at + length) for at in range(first, end_us, length)]
