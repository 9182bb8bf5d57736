"""A REST API with made-up numbers: the shapes of the real one, the same answer for the same question, no store behind it.

Deployments: `flights-delay` (270 days, 12 features), `checkout-fraud` (data, but no baseline, no actuals), `wide` (200 features, some
with hostile names), `just-registered` (no data).
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from aiohttp import web

from .fake_numbers import bins, daily_rows, value_of

Json = dict[str, Any]

HOSTILE = "<img src=x onerror=alert(1)>"
ZONE = ZoneInfo("America/New_York")
START = datetime(2013, 1, 1, tzinfo=ZONE).astimezone(UTC)
END = datetime(2013, 9, 28, tzinfo=ZONE).astimezone(UTC) - timedelta(seconds=61)
FLIGHT_FEATURES = {
    "dep_delay": 0.41,
    "distance": 0.12,
    "carrier": 0.18,
    "origin": 0.07,
    "dest": 0.11,
    "temp": 0.09,
    "dewp": 0.05,
    "humid": 0.06,
    "wind_speed": 0.04,
    "pressure": 0.08,
    "visib": 0.03,
    "hour": 0.29,
}
_CATEGORICAL = {"carrier", "origin", "dest"}
_WIDE_FEATURES = {HOSTILE: 0.9, "x" * 128: 0.3, "\u202eevil": 0.2} | {f"signal_{i:03}": 1 / (i + 2) for i in range(197)}


class FakeApi:
    """`read` has the shape of the web room's Reader; `asked` remembers the questions."""

    def __init__(self, *, empty: bool = False) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._other: Callable[[str, Mapping[str, str]], Awaitable[Json]] | None = None
        deployments = [_flights(), _fraud(), _wide(), _registered()]
        self._deployments = {} if empty else {item["name"]: item for item in deployments}

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
        if parts == ["alerts"]:
            return {"items": _alerts() if query.get("deployment") == "flights-delay" else [], "next": None}
        about = self._deployments.get(parts[1])
        if about is None:
            raise web.HTTPNotFound(text=f"There is no deployment {parts[1]!r}.")
        answers = {"status": _status, "measurements": _measurements, "profiles": _profile}
        return answers[parts[2]](about, query) if len(parts) > 2 else about


def _deployment(name: str, features: Mapping[str, float], **stated: Any) -> Json:
    columns = [
        {"name": n, "kind": "categorical" if n in _CATEGORICAL else "numeric", "role": "feature", "importance": weight}
        for n, weight in features.items()
    ]
    prediction = {"name": "_prediction", "kind": "numeric", "role": "prediction", "importance": None}
    about = {
        "name": name,
        "task": "binary",
        "timezone": "America/New_York",
        "created_at": _text(START),
        "versions": [
            {"version": "2012-12", "role": "retired", "first_seen": _text(START)},
            {"version": "2013-05", "role": "champion", "first_seen": _text(START + timedelta(days=120))},
        ],
        "verdict": "ok",
        "open_alerts": 0,
        "last_prediction": _text(END),
        "first_prediction": _text(START),
        "predictions_last_day": 978,
        "segments": ["origin=EWR", "origin=JFK", "origin=LGA"],
        "columns": [*columns, prediction],
        "baselines": [
            {"version": "2013-05", "origin": "given", "rows": 84_000, "created_at": _text(START), "status": "active"}
        ],
        "monitors": [{"id": 1, "name": "psi", "metric": "psi", "warning": 0.1, "failing": 0.25, "window_s": 86_400}],
        "positive_class": "late",
    }
    return about | stated


def _flights() -> Json:
    return _deployment("flights-delay", FLIGHT_FEATURES, verdict="failing", open_alerts=1)


def _fraud() -> Json:
    return _deployment(
        "checkout-fraud", {"amount": 0.5, "country": 0.2}, baselines=[], segments=[], verdict="not_enough_data"
    )


def _wide() -> Json:
    return _deployment("wide", _WIDE_FEATURES, verdict="warning", open_alerts=0)


def _registered() -> Json:
    nothing = {
        "last_prediction": None,
        "first_prediction": None,
        "predictions_last_day": 0,
        "versions": [],
        "baselines": [],
    }
    return _deployment("just-registered", {}, verdict="not_enough_data", segments=[], **nothing)


def _status(about: Json, query: Mapping[str, str]) -> Json:
    silent = about["name"] == "just-registered"
    labelled = 0 if about["name"] in ("checkout-fraud", "just-registered") else 246_311
    return {
        "settled_until": None if silent else _text(END),
        "settled": about["name"] != "checkout-fraud",
        "lag_s": 840.0,
        "agents": []
        if silent
        else [{"epoch": "e", "host": "h", "version": "0.1.0", "last_contact": _text(END), "mark": 9, "live": True}],
        "data_start": None if silent else _text(START),
        "data_end": None if silent else _text(END),
        "stored": {"predictions": 0 if silent else 252_704, "actuals": labelled, "records": labelled},
        "dropped": {"buffer_full": 1_204} if about["name"] == "wide" else {},
    }


def _windows(query: Mapping[str, str]) -> list[tuple[datetime, datetime]]:
    start = max(_moment(query["start"]), START) if "start" in query else START
    end = min(_moment(query["end"]), END + timedelta(seconds=61)) if "end" in query else END
    if query.get("step", "total") == "total":
        return [(start, end)]
    edges = [start]
    while edges[-1] < end:
        edges.append(edges[-1] + timedelta(hours=1) if query["step"] == "hour" else _next_day(edges[-1]))
    return list(pairwise(edges))


def _next_day(moment: datetime) -> datetime:
    local = moment.astimezone(ZONE)
    return datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), ZONE).astimezone(UTC)


def _measurements(about: Json, query: Mapping[str, str]) -> Json:
    asked = query.get("column", "")
    columns = [column["name"] for column in about["columns"]] if asked == "*" else [asked]
    return {"items": [_item(query, column, window) for column in columns for window in _windows(query)], "next": None}


def _item(query: Mapping[str, str], column: str, window: tuple[datetime, datetime]) -> Json:
    metric, segment = query["metric"], query.get("segment", "")
    day = (window[0] - START).days
    n = sum(daily_rows(day + i, segment) for i in range(max(1, (window[1] - window[0]).days)))
    if query.get("step") == "hour":
        n //= 24
    value = value_of(metric, column, day, total=query.get("step", "total") == "total") if n else None
    labelled = metric in ("auc", "log_loss", "accuracy")
    return {
        "metric": metric,
        "column": column,
        "segment": segment,
        "version": query.get("version", "") or "2013-05",
        "window": {"start": _text(window[0]), "end": _text(window[1])},
        "value": value if value is None or metric not in ("requests", "predictions") else value * n,
        "reason": "no_rows" if value is None else None,
        "n": n,
        "baseline_n": 84_000 if metric == "psi" or labelled else None,
        "coverage": max(0.0, 0.97 - max(0, day - 255) * 0.06) if labelled else None,
        "baseline_value": {"auc": 0.862, "log_loss": 0.38, "accuracy": 0.84}.get(metric),
        "method": "shares" if metric == "psi" else "scikit-learn" if labelled else "counts",
        "parameters": {"floor": 0.0001, "bins": "deciles"} if metric == "psi" else {},
        "error_bound": 0.01 if metric.startswith("latency") else None,
        "verdict": None,
    }


def _profile(about: Json, query: Mapping[str, str]) -> Json:
    column = query["column"]
    numeric = column not in _CATEGORICAL
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


def _alerts() -> list[Json]:
    def alert(number: int, status: str, day: int, value: float, severity: str) -> Json:
        opened = START + timedelta(days=day + 1)
        return {
            "id": number, "deployment": "flights-delay", "monitor": "psi", "metric": "psi", "column": "temp", "segment": "",
            "version": "2013-05", "severity": severity, "status": status, "value": value,
            "threshold": 0.25 if severity == "failing" else 0.1,
            "window": {"start": _text(opened - timedelta(days=1)), "end": _text(opened)},
            "opened_at": _text(opened), "resolved_at": None if status == "firing" else _text(opened + timedelta(days=3)),
            "events": [{"kind": "opened", "at": _text(opened), "value": value, "severity": severity}],
            "deliveries": [
                {"channel": "slack-models", "status": "delivered", "attempts": 1, "delivered_at": _text(opened)},
                {"channel": "jira-ops", "status": "pending", "attempts": 4, "delivered_at": None},
            ],
        }  # fmt: skip

    return [alert(1, "resolved", 100, 0.19, "warning"), alert(2, "firing", 180, 0.81, "failing")]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
