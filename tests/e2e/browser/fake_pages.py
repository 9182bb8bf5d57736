"""What the fake API says beside numbers: health, monitors, trends, curves, events."""

from collections.abc import Mapping, Sequence

from .fake_deployments import END, HOSTILE, Json, as_text

_BAD = {"flights-delay": ("failing", "temp"), "replayed": ("warning", "temp"), "wide": ("warning", HOSTILE)}


def trend(name: str) -> Json:
    """Seven days of a deployment."""
    worst = _BAD.get(name, ("ok", ""))[0]
    return {
        "name": name,
        "predictions": [900, 910, 0, 930, 940, 950, 978],
        "blocks": {"drift": ["ok", "ok", None, "ok", "ok", worst, worst], "service": ["ok"] * 7},
        "objectives": {"met": 1, "judged": 1},
    }


def summary(items: Sequence[Json]) -> Json:
    """Figures of all of them."""
    verdicts = [one["verdict"] for one in items]
    return {
        "deployments": len(items),
        "by_verdict": {word: verdicts.count(word) for word in sorted(set(verdicts))},
        "predictions_last_day": 978 * len(items),
        "predictions_last_week": 5_608 * len(items),
        "predictions_last_30_days": 24_000 * len(items),
        "predictions_last_90_days": 71_500 * len(items),
        "alerts_open": 2,
        "alerts_opened": 9,
        "acknowledged": {"n": 4, "median_s": 720.0},
        "resolved": {"n": 3, "median_s": 90_000.0},
        "objectives": {"met": 3, "judged": 3},
    }


def health(about: Json, query: Mapping[str, str]) -> Json:
    """Drift as bad as the deployment's verdict, all else well."""
    state, column = _BAD.get(about["name"], ("ok", ""))
    because = {
        "monitor": "drift",
        "metric": "psi",
        "column": column,
        "segment": "",
        "version": "2013-05",
        "verdict": state,
        "window_end": as_text(END),
    }
    blocks = [
        {"block": "service", "state": "ok", "rule": "", "because": [], "bad_members": 0},
        {
            "block": "drift",
            "state": state,
            "rule": "",
            "because": [because] if column else [],
            "bad_members": int(bool(column)),
        },
        {"block": "fairness", "state": "not_applicable", "rule": "", "because": [], "bad_members": 0},
    ]
    return {"deployment": about["name"], "verdict": state, "blocks": blocks}


def monitors(about: Json, query: Mapping[str, str]) -> Json:
    """One of a measurement, one with two sides, one objective."""
    common = {
        "columns": "*", "segments": "", "comparison": "above", "warning": 0.1, "failing": 0.25, "window_s": 86_400, "every_s": 86_400,
        "min_rows": 50, "objective": 0.999, "objective_window_s": 2_592_000, "enabled": True, "origin": "default", "source": "",
        "series": [],
    }  # fmt: skip
    drift = {"id": "drift", "name": "Data drift", "kind": "measurement", "metric": "psi"}
    slo = {
        "id": "slo",
        "name": HOSTILE,
        "kind": "burn_rate",
        "metric": "error_rate",
        "columns": "",
        "warning": None,
        "failing": None,
    }
    sides = {"id": "temp-mean", "name": HOSTILE, "kind": "measurement", "metric": "mean", "comparison": "outside"}
    pair = {"warning": 0.5, "failing": [-1.5, 2.0]}
    return {"items": [common | drift, common | sides | pair, common | slo], "next": None}


def objectives(about: Json, query: Mapping[str, str]) -> Json:
    """One, with little left."""
    one = {
        "id": "fast", "name": HOSTILE, "indicator": "latency", "target": 0.99, "window_s": 2_592_000, "status": "at_risk",
        "total": 100_000, "bad": 700, "reached": 0.993, "reason": None, "budget": {"allowed": 1_000.0, "used": 700, "left": 0.3},
        "history": [{"budget_left": 1 - i / 20} for i in range(30)],
    }  # fmt: skip
    return {"items": [one], "next": None}


def events(about: Json, query: Mapping[str, str]) -> Json:
    """One that happened on the last day."""
    return {
        "items": [{"kind": "note", "text": HOSTILE, "at": as_text(END), "version": "", "attributes": {}}],
        "next": None,
    }


def customs(about: Json, query: Mapping[str, str]) -> Json:
    """One that was reported, and one that somebody hopes for."""
    one = {
        "name": "basket_value", "direction": "higher_is_better", "unit": "EUR", "description": HOSTILE, "baseline": 0.4,
        "baseline_of": "mean", "baseline_start": "", "baseline_end": "", "stated": True, "reported": True,
    }  # fmt: skip
    items = [one, {**one, "name": HOSTILE, "reported": False}] if about["name"] == "flights-delay" else []
    return {"items": items, "next": None}


def curves(about: Json, query: Mapping[str, str]) -> Json:
    """Of a fair model."""
    roc = [{"fpr": x / 20, "tpr": (x / 20) ** 0.5, "threshold": 1 - x / 20} for x in range(21)]
    bins = [{"n": 1_000, "predicted": (i + 0.5) / 10, "actual": (i + 0.4) / 10} for i in range(10)]
    return {
        "kind": "binary",
        "n": 10_000,
        "positives": 4_900,
        "roc": roc,
        "calibration": bins,
        "lift": bins[::-1],
        "window": None,
    }
