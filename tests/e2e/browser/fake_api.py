"""A REST API with made-up numbers: the shapes of the real one, the same answer for the same question, no store behind it.

Deployments: `flights-delay` (270 days, 12 features), `replayed` (3 features, sent within ten minutes of a later year),
`checkout-fraud` (data, but no baseline, no actuals), `wide` (200 features, some with hostile names), `just-registered` (no data).
"""

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import unquote

from aiohttp import web

from tidegauge_collector.refusals import told

from .fake_alerting import of_alerts
from .fake_deployments import CATEGORICAL, END, HOSTILE, REPLAY, START, ZONE, Json, as_text, deployments
from .fake_numbers import bins, daily_rows, noise, value_of
from .fake_pages import curves, customs, events, health, monitors, objectives, summary, trend

_STEPS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
_METHODS = {
    "auc": "delong",
    "log_loss": "normal",
    "accuracy": "wilson",
    "psi": "reference_bins",
    "missing_rate": "share_of_rows",
}


class FakeApi:
    """`read` has the shape of the web room's Reader; `asked` remembers the questions."""

    def __init__(self, *, empty: bool = False) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._other: Callable[[str, Mapping[str, str]], Awaitable[Json]] | None = None
        self._deployments = {} if empty else {item["name"]: item for item in deployments()}

    def answer_with(self, other: Callable[[str, Mapping[str, str]], Awaitable[Json]]) -> None:
        """From now on `other` answers: a way to fail."""
        self._other = other

    async def read(self, path: str, query: Mapping[str, str]) -> Json:
        self.asked.append((path, dict(query)))
        if self._other is not None:
            return await self._other(path, query)
        parts = [unquote(part) for part in path.removeprefix("/api/v1/").split("/")]
        if parts == ["deployments"]:
            return {"items": list(self._deployments.values()), "next": None}
        if parts == ["trends"]:
            return {"items": [trend(name) for name in self._deployments], "next": None}
        if parts == ["summary"]:
            return summary(list(self._deployments.values()))
        if (found := of_alerts(parts, query)) is not None:
            return found
        about = self._deployments.get(parts[1])
        if about is None:
            raise error(
                web.HTTPNotFound, f"deployment {parts[1]!r} does not exist: it appears when an agent first names it"
            )
        answers = {
            "status": _status,
            "measurements": _measurements,
            "profiles": _profile,
            "health": health,
            "monitors": monitors,
            "objectives": objectives,
            "events": events,
            "metrics": customs,
            "curves": curves,
            "moments": _moments,
        }
        return answers[parts[2]](about, query) if len(parts) > 2 else about


def error(kind: type[web.HTTPException], sentence: str) -> web.HTTPException:
    """An error as the API tells it."""
    return kind(text=json.dumps(told(kind.status_code, sentence)), content_type="application/json")


def _status(about: Json, query: Mapping[str, str]) -> Json:
    silent, replayed = about["name"] == "just-registered", about["name"] == "replayed"
    labelled = 0 if about["name"] in ("checkout-fraud", "just-registered") else 246_311
    return {
        "settled_until": None if silent else as_text(END),
        "settled": about["name"] != "checkout-fraud",
        "lag_s": 840.0,
        "agents": []
        if silent
        else [{"epoch": "e", "host": "h", "version": "0.1.0", "last_contact": as_text(END), "mark": 9, "live": True}],
        "data_start": None if silent else as_text(START),
        "data_end": None if silent else as_text(END),
        "service_start": None if silent else as_text(REPLAY[0] if replayed else START),
        "service_end": None if silent else as_text(REPLAY[1] if replayed else END),
        "stored": {
            "predictions": 0 if silent else 252_704,
            "prediction_ids": 0 if silent else 252_704,
            "actuals": labelled,
            "actual_ids": labelled,
        },
        "dropped": {"buffer_full": 1_204} if about["name"] == "wide" else {},
    }


def _windows(query: Mapping[str, str]) -> list[tuple[datetime, datetime]]:
    start = _moment(query["start"]) if "start" in query else START
    end = _moment(query["end"]) if "end" in query else END
    step = query.get("step", "total")
    if step == "total":
        return [(start, end)]
    edges = [start]
    while edges[-1] < end:
        edges.append(edges[-1] + _STEPS[step] if step in _STEPS else _next_day(edges[-1]))
    return list(pairwise(edges))


def _next_day(moment: datetime) -> datetime:
    local = moment.astimezone(ZONE)
    return datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), ZONE).astimezone(UTC)


def _measurements(about: Json, query: Mapping[str, str]) -> Json:
    asked = query.get("column", "")
    columns = [column["name"] for column in about["columns"]] if asked == "*" else [asked]
    groups = [one for one in about["segments"] if "group" in query and one.startswith(f"{query['group']}=")]
    questions = [{**query, "segment": group} for group in groups] or [query]
    questions = [{**one, "metric": metric} for one in questions for metric in query["metric"].split(",")]
    items = [_item(one, column, window) for one in questions for column in columns for window in _windows(query)]
    return {"items": items, "next": None}


def _item(query: Mapping[str, str], column: str, window: tuple[datetime, datetime]) -> Json:
    metric, segment = query["metric"], query.get("segment", "")
    day = (window[0] - START).days
    n = sum(daily_rows(day + i, segment) for i in range(max(1, (window[1] - window[0]).days)))
    n //= {"minute": 10, "hour": 24}.get(query.get("step", ""), 1)
    value = value_of(metric, column, day, total=query.get("step", "total") == "total") if n else None
    labelled = metric in ("auc", "log_loss", "accuracy")
    latency = metric.startswith("latency")
    return {
        "metric": metric,
        "column": column,
        "segment": segment,
        "version": query.get("version", "") or "2013-05",
        "window": {"start": as_text(window[0]), "end": as_text(window[1])},
        "value": value if value is None or metric not in ("requests", "predictions") else value * n,
        "reason": "no_rows" if value is None else None,
        "n": n,
        "baseline_n": 84_000 if metric == "psi" or labelled else None,
        "coverage": max(0.0, 0.97 - max(0, day - 255) * 0.06) if labelled else None,
        "baseline_value": {"auc": 0.862, "log_loss": 0.38, "accuracy": 0.84}.get(metric),
        "method": "log_linear_buckets" if latency else _METHODS.get(metric, "count"),
        "parameters": _parameters(metric, value, n),
        "error_bound": value * 0.0078125 if latency and value else 0.0,
        "verdict": None,
    }


def _moments(about: Json, query: Mapping[str, str]) -> Json:
    marks = query["column"].startswith("_rule.")
    items = [
        {
            "window": {"start": as_text(start), "end": as_text(end)},
            "n": 900,
            "missing": 0,
            "mean": None if marks else 41.0 + noise(query["column"], i),
            "std": None if marks else 3.0,
            "minimum": None if marks else 1.0,
            "maximum": None if marks else 99.0,
            "share_true": 0.1 * noise(query["column"], i) if marks else None,
        }
        for i, (start, end) in enumerate(_windows(query))
    ]
    return {"items": items, "next": None}


def _parameters(metric: str, value: float | None, n: int) -> Json:
    """As the real API gives them: some hold for every window, some for one, some are null."""
    if metric == "psi":
        judged = (
            {"df": 9, "p_value": 0.3, "chance_reason": None}
            if n
            else {"df": None, "p_value": None, "chance_reason": "no_rows"}
        )
        return {"floor": 0.0001, "approximate": False, "chance_test": "chi_square", **judged}
    if metric == "confusion_matrix":
        return {
            "classes": ["rest", "late"],
            "matrix": [[int(0.7 * n), int(0.1 * n)], [int(0.05 * n), int(0.15 * n)]],
            "threshold": 0.5,
        }
    if metric.startswith("latency"):
        return {"q": f"0.{metric[-2:]}", "unit": "s", "relative_error": 0.0078125}
    if metric == "errors":
        return {"by_class": {"system:TimeoutError": int(value or 0)}}
    if metric in ("auc", "log_loss", "accuracy"):
        error = None if value is None else 0.3 / math.sqrt(n)
        low, high = (None, None) if value is None or error is None else (value - 2 * error, value + 2 * error)
        band = {"standard_error": error, "low": low, "high": high}
        return band | ({"threshold": 0.5} if metric == "accuracy" else {})
    return {}


def _profile(about: Json, query: Mapping[str, str]) -> Json:
    column = query["column"]
    numeric = column not in CATEGORICAL
    counted = bins(column, numeric=numeric)
    return {
        "column": column,
        "kind": "numeric" if numeric else "categorical",
        "window": {"start": query["start"], "end": query["end"]},
        "n": sum(bin_["window_count"] for bin_ in counted),
        "baseline_n": sum(bin_["baseline_count"] for bin_ in counted),
        "bins": counted,
        "moments": {"mean": 12.6, "std": 40.1, "min": -43.0, "max": 1301.0}
        if numeric
        else dict.fromkeys(("mean", "std", "min", "max")),
        "new_categories": [] if numeric else [{"name": HOSTILE, "count": 41}, {"name": "YX", "count": 7}],
        "approximate": False,
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
