"""How soon channels are told, why a route takes an alert, what a back-test found, in the reader's words. Pure functions of answers."""

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from .catalogue import Text
from .formats import on_day, whole_duration
from .reader import Json

_DAYS = re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b")
EPISODES_NAMED = 8
_IN_WORDS = ("severity", "importance", "block")


def how_told(policy: Json, t: Text) -> str:
    """`after 30 s, then at most every 5 min, reminded every 12 h`."""
    told = [_first(policy, t)]
    if policy["hours"]:
        told.append(t("how.hours", hours=hours(policy["hours"], t)))
    if policy["repeat_s"] is not None:
        told.append(t("how.repeat", span=whole_duration(policy["repeat_s"], t)))
    if policy["escalate_after_s"] is not None:
        channels = t("chart.comma").join(policy["escalate_to"])
        told.append(t("how.escalate", span=whole_duration(policy["escalate_after_s"], t), channels=channels))
    if not policy["send_resolved"]:
        told.append(t("how.no_end"))
    return t("chart.comma").join(told)


def _first(policy: Json, t: Text) -> str:
    if policy["digest"]:
        every, _, rest = policy["digest"].partition(" ")
        time, _, zone = rest.partition(" ")
        return t(f"how.{every}", time=time, zone=zone) if every == "daily" else t("how.hourly")
    if not policy["wait_s"] and not policy["interval_s"]:
        return t("how.at_once")
    interval = whole_duration(policy["interval_s"], t)
    if not policy["wait_s"]:
        return t("how.first_at_once", interval=interval)
    return t("how.soon", wait=whole_duration(policy["wait_s"], t), interval=interval)


def why_route(reason: Json, t: Text) -> str:
    """What a route makes of an alert: `severity is warning, not failing`."""
    match reason["kind"]:
        case "misfit":
            field = reason["field"]
            patterns = t("why.or").join(pattern_name(field, one, t) for one in reason["patterns"])
            value = pattern_name(field, reason["value"], t) or t("why.nothing")
            return t("why.misfit", field=t.label("matcher", field), value=value, patterns=patterns)
        case "severity":
            return t("why.severity", severity=t.label("severity", reason["severity"]))
        case "taken":
            return t("why.taken", route=reason["by"])
    return t.label("why", reason["kind"])


def pattern_name(field: str, pattern: str, t: Text) -> str:
    """A matcher's pattern; what is one of our words is written in the reader's."""
    return t.label(field, pattern) if field in _IN_WORDS else pattern


def hours(text: str, t: Text) -> str:
    """`Mon-Fri 09:00-18:00 Europe/Berlin` with the language's days."""
    return _DAYS.sub(lambda day: t(f"weekday.{day[0]}"), text)


def episode_names(episodes: Sequence[Json], zone: ZoneInfo, t: Text) -> str:
    """What the first episodes of a back-test are of, and the day on which each would have opened."""
    names = [f"{_subject(one, t)} {on_day(one['opened'], zone, t)}" for one in episodes[:EPISODES_NAMED]]
    return ", ".join(names) + (" …" if len(episodes) > EPISODES_NAMED else "")


def _subject(episode: Json, t: Text) -> str:
    """The column as people read it, the metric where there is none."""
    column = str(episode["column"] or "")
    if column == "_prediction" or column.startswith("_prediction."):
        return f"{t('metric.prediction')} {column.removeprefix('_prediction').removeprefix('.')}".rstrip()
    return column or t.label("metric", episode["metric"])
