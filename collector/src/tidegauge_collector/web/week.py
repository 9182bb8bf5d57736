"""Drawings of days, small enough for a cell of a table."""

from functools import lru_cache

from markupsafe import Markup

STEP, BAR, HEIGHT = 5, 4, 14
LOW = 0.25  # of an error budget: little is left
_HEIGHTS = {"ok": 4, "warning": 9, "failing": 14}


@lru_cache(maxsize=4_096)
def verdict_week(days: tuple[str | None, ...], told: str) -> Markup:
    """A bar a day, the worse the higher; days without a verdict are a line on the ground. `told` says it in words."""
    bars = Markup("").join(
        Markup('<path class="week-{}" d="M{} {}h{}v{}h-{}z"/>').format(
            word or "none", i * STEP, HEIGHT - _HEIGHTS.get(word or "", 1), BAR, _HEIGHTS.get(word or "", 1), BAR
        )
        for i, word in enumerate(days)
    )
    return _drawn(bars, len(days), told)


@lru_cache(maxsize=4_096)
def amount_week(days: tuple[int, ...], told: str) -> Markup:
    """A bar a day, as high as its share of the largest."""
    most = max(days, default=0) or 1
    bars = Markup("").join(
        Markup('<path class="week-amount" d="M{} {}h{}v{}h-{}z"/>').format(i * STEP, HEIGHT - high, BAR, high, BAR)
        for i, high in enumerate(max(1, round(HEIGHT * day / most)) for day in days)
    )
    return _drawn(bars, len(days), told)


@lru_cache(maxsize=1_024)
def share_days(days: tuple[float | None, ...], told: str) -> Markup:
    """A bar a day for a share from 0 to 1, the newest right; days without one are a line on the ground, overdrawn ones too."""
    sizes = [max(1, round(HEIGHT * min(1.0, max(0.0, day)))) if day is not None else 1 for day in days]
    kinds = ["none" if day is None else "failing" if day <= 0 else "warning" if day < LOW else "ok" for day in days]
    bars = Markup("").join(
        Markup('<path class="week-{}" d="M{} {}h{}v{}h-{}z"/>').format(kind, i * STEP, HEIGHT - high, BAR, high, BAR)
        for i, (kind, high) in enumerate(zip(kinds, sizes, strict=True))
    )
    return _drawn(bars, len(days), told, "days")


def _drawn(bars: Markup, days: int, told: str, kind: str = "week") -> Markup:
    width = days * STEP - (STEP - BAR)
    frame = Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>{}</svg>')
    return frame.format(kind, width, HEIGHT, told, told, bars)
