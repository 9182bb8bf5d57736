"""What the pages tell of alerts: their order, their names, their way to the people. Pure functions of the API's answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from glob import escape
from zoneinfo import ZoneInfo

from .formats import moment
from .reader import Json
from .tabs import tab_of_metric, tab_path

_ALERTS_SHOWN = 100
_AROUND_ALERT = timedelta(days=7)
_STATES = ("dead", "pending", "delivered")


@dataclass(frozen=True, slots=True)
class Alerts:
    """The newest alerts, open ones first, and how many there are in all."""

    shown: Sequence[Json]
    total: int


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How the messages of one alert fared on one channel in one state: `delivered`, `pending` or `dead` (given up)."""

    channel: str
    status: str
    messages: int
    attempts: int
    delivered_at: str | None
    problem: str


def newest_alerts(items: Sequence[Json]) -> Alerts:
    """Open alerts first, the newest on top, at most 100: the API has the rest."""
    newest = sorted(items, key=lambda item: str(item["opened_at"]), reverse=True)
    ordered = sorted(newest, key=lambda item: item["status"] != "firing")
    return Alerts(ordered[:_ALERTS_SHOWN], len(ordered))


def monitor_name(deployment: Json, monitor_id: str) -> str:
    """The name people gave the monitor, or its id where it is gone."""
    names: Mapping[str, str] = {item["id"]: item["name"] for item in deployment["monitors"]}
    return names.get(monitor_id, monitor_id)


def by_channel(alert: Json) -> list[ChannelState]:
    """One line for each channel and state, channels by name, what needs a person first."""
    grouped: dict[tuple[str, int, str], list[Json]] = {}
    for item in alert["deliveries"]:
        rank = _STATES.index(item["status"]) if item["status"] in _STATES else len(_STATES)
        grouped.setdefault((item["channel"], rank, item["status"]), []).append(item)
    return [_state(channel, status, grouped[channel, rank, status]) for channel, rank, status in sorted(grouped)]


def _state(channel: str, status: str, items: Sequence[Json]) -> ChannelState:
    return ChannelState(
        channel=channel,
        status=status,
        messages=len(items),
        attempts=max(item["attempts"] for item in items),
        delivered_at=max((item["delivered_at"] for item in items if item["delivered_at"]), default=None),
        problem=next((item["last_error"] for item in reversed(items) if item["last_error"]), ""),
    )


def opened_elsewhere(alert: Json) -> bool:
    """Whether the alert opened on another window than the one it speaks of now."""
    return bool(alert["opened_window"] != alert["window"])


def alert_link(alert: Json, zone: ZoneInfo, language: str | None) -> str:
    """The page that shows the alert's metric, around its window, on its column, segment and version."""
    start = moment(alert["window"]["start"]) - _AROUND_ALERT
    end = moment(alert["window"]["end"])
    wishes = {"range": "custom", "start": _day(start, zone), "end": _day(end, zone)}
    column = alert["column"]
    optional = {
        "feature": "" if column in (None, "*") else column,
        "segment": alert["segment"],
        "version": alert["version"],
        "lang": language,
    }
    wishes.update({name: value for name, value in optional.items() if value})
    return tab_path(alert["deployment"], tab_of_metric(alert["metric"]), wishes)


def _day(value: datetime, zone: ZoneInfo) -> str:
    return (value - timedelta(seconds=1)).astimezone(zone).date().isoformat()


def grouped(items: Sequence[Json], *, by_deployment: bool) -> list[tuple[str, list[Json]]]:
    """Alerts with what is open and failing first, the newest on top; in one nameless group, or one for each deployment in that order."""
    newest = sorted(items, key=lambda item: str(item["opened_at"]), reverse=True)
    ordered = sorted(newest, key=lambda item: (item["status"] != "firing", item["severity"] != "failing"))
    groups: dict[str, list[Json]] = {}
    for item in ordered:
        groups.setdefault(item["deployment"] if by_deployment else "", []).append(item)
    return list(groups.items())


def history(alert: Json) -> list[Json]:
    """What happened to an alert and who was told of it, the newest first."""
    happened = [{"at": one["at"], "event": one, "delivery": None} for one in alert["events"]]
    told = [
        {"at": one["delivered_at"], "event": None, "delivery": one}
        for one in alert["deliveries"]
        if one["delivered_at"]
    ]
    return sorted([*happened, *told], key=lambda one: str(one["at"]), reverse=True)


def matchers_of(alert: Json) -> dict[str, str]:
    """What names this alert and no other monitor's: for a silence. Names are patterns there, so what would be one is taken literally."""
    named = {"deployment": alert["deployment"], "monitor": alert["monitor"]}
    if alert["column"] and alert["column"] != "*":
        named["column"] = alert["column"]
    if alert["segment"]:
        named["segment"] = alert["segment"]
    return {name: escape(value) for name, value in named.items()}
