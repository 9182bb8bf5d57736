"""What the page of all deployments shows: filtered, sorted, grouped, a page at a time. Pure functions of answers and address."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from .models import VERDICT_ORDER, champion, verdict_rank
from .reader import Json

PAGE = 100
BLOCKS = ("service", "drift", "accuracy", "fairness", "quality", "freshness")
SORTS = ("worst", "name", "predictions", "alerts", "last", "importance")
GROUPS = ("", "owner", "importance", "verdict")
RANGES = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30), "90d": timedelta(days=90)}
DEFAULT_RANGE = "30d"
PREDICTIONS = {
    "24h": "predictions_last_day",
    "7d": "predictions_last_week",
    "30d": "predictions_last_30_days",
    "90d": "predictions_last_90_days",
}
"""Which figure of the summary is of a range."""
_IMPORTANCES = ("critical", "high", "normal", "low")
_WORST_BLOCKS = {"failing": 0, "warning": 2}
_KEPT = ("q", "verdict", "owner", "importance", "block", "sort", "group", "range", "lang")


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading; `name` is empty where nothing is grouped, or where the rows have none."""

    name: str
    items: Sequence[Json]


@dataclass(frozen=True, slots=True)
class FleetView:
    """One page of the deployments that were asked for, and what the controls above it stand on."""

    groups: Sequence[Group]
    found: int
    total: int
    page: int
    pages: int
    counts: Mapping[str, int]
    owners: Sequence[str]
    picked: Mapping[str, str]

    def link(self, **changes: str) -> str:
        """The address of this view with something else; an empty value takes a wish away, and a change leads to the first page."""
        wishes = {**self.picked, "page": "", **changes}
        wished = {name: value for name, value in wishes.items() if value}
        return f"/?{urlencode(wished)}" if wished else "/"


def since_of(query: Mapping[str, str], now: datetime) -> datetime:
    """From when on the summary counts alerts: the range that the address asks for, 30 days where it asks for none that we have."""
    return now.astimezone(UTC) - RANGES[range_of(query)]


def range_of(query: Mapping[str, str]) -> str:
    """The range of the summary."""
    asked = query.get("range", "")
    return asked if asked in RANGES else DEFAULT_RANGE


def view_fleet(items: Sequence[Json], query: Mapping[str, str]) -> FleetView:
    """The deployments that the address asks for, the worst first where it does not say otherwise."""
    picked = {name: query[name] for name in _KEPT if query.get(name)}
    wanted = [one for one in items if _matches(one, picked)]
    within = [one for one in items if _matches(one, {**picked, "verdict": ""})]
    ordered = sorted(wanted, key=_SORTS.get(picked.get("sort", ""), _worst))
    pages = max(1, -(-len(ordered) // PAGE))
    page = min(pages, _number(query.get("page", "")))
    verdicts = [str(one["verdict"]) for one in within]
    return FleetView(
        groups=_grouped(ordered, picked.get("group", ""), page),
        found=len(wanted),
        total=len(items),
        page=page,
        pages=pages,
        counts={word: verdicts.count(word) for word in VERDICT_ORDER if word in verdicts},
        owners=sorted({str(one.get("owner", "")) for one in items} - {""}),
        picked=picked,
    )


def _number(text: str) -> int:
    return max(1, int(text)) if text.isdecimal() and len(text) < 6 else 1


def _matches(item: Json, picked: Mapping[str, str]) -> bool:
    words = picked.get("q", "").casefold().split()
    labels = " ".join(f"{name}={value}" for name, value in item.get("labels", {}).items())
    text = f"{item['name']} {item.get('owner', '')} {labels} {champion(item)}".casefold()
    block = picked.get("block", "")
    return (
        all(word in text for word in words)
        and picked.get("verdict", "") in ("", item["verdict"])
        and picked.get("owner", "") in ("", item.get("owner", ""))
        and picked.get("importance", "") in ("", item.get("importance", ""))
        and (not block or item.get("health", {}).get(block) in _WORST_BLOCKS)
    )


def _grouped(ordered: Sequence[Json], by: str, page: int) -> list[Group]:
    """The page's rows; where grouped, groups in the order of their first row, each whole before the next."""
    if by not in GROUPS or not by:
        return [Group("", ordered[(page - 1) * PAGE : page * PAGE])]
    together: dict[str, list[Json]] = {}
    for one in ordered:
        together.setdefault(str(one.get(by, "")), []).append(one)
    row_of = [(name, one) for name, some in together.items() for one in some]
    shown: dict[str, list[Json]] = {}
    for name, one in row_of[(page - 1) * PAGE : page * PAGE]:
        shown.setdefault(name, []).append(one)
    return [Group(name, some) for name, some in shown.items()]


def _importance(item: Json) -> int:
    word = item.get("importance", "")
    return _IMPORTANCES.index(word) if word in _IMPORTANCES else len(_IMPORTANCES)


def _worst(item: Json) -> tuple[object, ...]:
    """Failing before warning, by alerts and by blocks; then what matters more, then more open alerts, then the name."""
    blocks = [_WORST_BLOCKS.get(state, 9) for state in item.get("health", {}).values()]
    worst = min([verdict_rank(item["verdict"]), *blocks])
    return worst, _importance(item), -item["open_alerts"], item["name"]


_SORTS: Mapping[str, Callable[[Json], Any]] = {
    "worst": _worst,
    "name": lambda one: one["name"],
    "predictions": lambda one: (-(one["predictions_last_day"] or 0), one["name"]),
    "alerts": lambda one: (-one["open_alerts"], one["name"]),
    "last": lambda one: (one["last_prediction"] or "", one["name"]),
    "importance": lambda one: (_importance(one), *_worst(one)),
}
