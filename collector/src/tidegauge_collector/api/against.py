"""The parameters `against` and `exclude`: what windows are laid beside, where it is not the baseline."""

from __future__ import annotations

from tidegauge.core.windows import SECOND_US, Window, to_us
from tidegauge_collector.api.query import BadRequest, NotFound
from tidegauge_collector.api.scope import Query, Sources
from tidegauge_collector.control import Deployment
from tidegauge_collector.core.monitor_problems import parse_range
from tidegauge_collector.core.shapes import seconds_of
from tidegauge_collector.measuring.against import Against

WORDS = "baseline, trailing:7d, range:START/END or version:NAME"
BASELINE = "baseline"
MOST_EXCLUDED = 100


def read_against(sources: Sources, found: Deployment, query: Query) -> Against | None:
    """What is asked for; None for the baseline. Raises BadRequest or NotFound."""
    text = query.get("against") or BASELINE
    exclude = tuple(_range(one, "exclude") for one in query.get("exclude", "").split(",") if one)
    if len(exclude) > MOST_EXCLUDED:
        raise BadRequest(f"exclude holds {len(exclude)} ranges: write at most {MOST_EXCLUDED}")
    if text == BASELINE:
        if exclude:
            raise BadRequest("exclude: a baseline is fixed; leave times out of against=trailing:… or range:…")
        return None
    kind, _, rest = text.partition(":")
    match kind:
        case "trailing":
            everywhere = tuple(_range(one, "exclude_ranges") for one in found.exclude_ranges)
            return Against(text=text, trailing_us=_span_us(rest), exclude=(*exclude, *everywhere))
        case "range":
            return Against(text=text, range=_range(rest, "against"), exclude=exclude)
        case "version":
            versions = [one.name for one in sources.control.versions(found.name)]
            if rest not in versions:
                raise NotFound(
                    f"version {rest!r:.140} of {found.name!r} was never seen; seen are {', '.join(versions)}"
                )
            return Against(text=text, version=rest, exclude=exclude)
    raise BadRequest(f"against={text!r:.140}: write one of {WORDS}")


def _span_us(text: str) -> int:
    try:
        span_us = round(seconds_of(text) * SECOND_US)
    except (ValueError, OverflowError) as problem:
        raise BadRequest(f"against=trailing:{text:.80}: write a time such as 7d or 12h") from problem
    if span_us <= 0:
        raise BadRequest(f"against=trailing:{text:.80}: write a time above 0, such as 7d")
    return span_us


def _range(text: str, name: str) -> Window:
    try:
        start, end = parse_range(text)
        return Window(to_us(start), to_us(end))
    except (ValueError, OverflowError) as problem:
        raise BadRequest(f"{name}={text!r:.140}: write START/END, two RFC 3339 times with their offset") from problem
