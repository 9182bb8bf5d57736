"""The forms of monitors and objectives: what each says as a table of a definition. Pure functions of the API's answers and of forms."""

from collections.abc import Mapping, Sequence

from .reader import Json

LIMITS = ("warning", "failing")
SIDES = ("low", "high")
DAY_S = 86_400
INDICATORS = ("availability", "error_rate", "latency", "throughput", "freshness")
PARAMETERS = {"latency": "under_s", "throughput": "at_least_per_minute", "freshness": "stale_after_s"}
_WHERE = ("series", "origin", "source", "updated_at", "matched", "whole")
NEW_OBJECTIVE: Json = {
    "id": "",
    "name": "",
    "indicator": "availability",
    "target": 0.999,
    "window_s": 30 * DAY_S,
    "under_s": 1.0,
    "at_least_per_minute": 1.0,
    "stale_after_s": 900,
    "enabled": True,
}


def has_pairs(monitor: Json) -> bool:
    """Whether its limits have two sides."""
    return bool(monitor["kind"] == "measurement" and monitor["comparison"] == "outside")


def monitor_fields(monitor: Json) -> dict[str, str]:
    """What stands in the fields of a monitor's form."""
    fields = {"enabled": "true" if monitor["enabled"] else "false"}
    if monitor["kind"] == "no_data":
        fields["silent_for_s"] = _written(monitor["silent_for_s"])
    if monitor["kind"] != "measurement":
        return fields
    fields["min_rows"] = _written(monitor["min_rows"])
    for name in LIMITS:
        if has_pairs(monitor):
            sides = _sides(monitor[name]) or ["", ""]
            fields |= {f"{name}_{side}": _written(value) for side, value in zip(SIDES, sides, strict=True)}
        else:
            fields[name] = _written(monitor[name])
    return fields


def wished_monitor(monitor: Json, form: Mapping[str, str]) -> Json:
    """The monitor as it is defined, with what its form says. What is no number goes on as text: the API says what is wrong with it."""
    wished = {name: value for name, value in monitor.items() if name not in _WHERE}
    known = monitor_fields(monitor)
    for name in ("min_rows", "silent_for_s"):
        if name in known and form.get(name, "").strip():
            wished[name] = _number(form[name])
    if monitor["kind"] == "measurement":
        wished |= {name: _limit(monitor, name, form) for name in LIMITS if _is_asked(name, form)}
    return wished | {"enabled": form.get("enabled", known["enabled"]) == "true"}


def objective_fields(objective: Json) -> dict[str, str]:
    """What stands in the fields of an objective's form: the target in percent, the window in days."""
    parameters = {name: _written(objective[name]) for name in PARAMETERS.values()}
    return parameters | {
        "id": objective["id"],
        "name": objective["name"],
        "indicator": objective["indicator"],
        "target": f"{100 * objective['target']:.10g}",
        "window": f"{objective['window_s'] / DAY_S:.10g}",
        "enabled": "true" if objective["enabled"] else "false",
    }


def wished_objective(known: Json | None, form: Mapping[str, str], deployment: str) -> Json:
    """The objective as it is defined, with what its form says; a new one is of the deployment on whose page it is made."""
    wished: Json = {"deployments": [deployment]}
    if known is not None:
        wished = {name: value for name, value in known.items() if name not in _WHERE}
    wished["id"] = known["id"] if known is not None else form.get("id", "").strip()
    wished |= {name: form[name].strip() for name in ("name", "indicator") if name in form}
    for name in PARAMETERS.values():
        if form.get(name, "").strip():
            wished[name] = _number(form[name])
    for field, name, unit in (("target", "target", 0.01), ("window", "window_s", DAY_S)):
        if field in form:
            wished[name] = _scaled(_number(form[field]), unit)
    if not wished.get("name"):
        wished.pop("name", None)
    return wished | {"enabled": form.get("enabled", "true") == "true"}


def objectives_here(defined: Sequence[Json], monitors: Sequence[Json]) -> dict[str, Json]:
    """Of all objectives those that stand for a deployment with such monitors, by id; those of which an objective cannot say all are not
    edited here."""
    here = {one["id"] for one in monitors if one["kind"] == "burn_rate"}
    return {one["id"]: one for one in defined if one["id"] in here and one["whole"]}


def _is_asked(name: str, form: Mapping[str, str]) -> bool:
    return name in form or any(f"{name}_{side}" in form for side in SIDES)


def _limit(monitor: Json, name: str, form: Mapping[str, str]) -> object:
    """A number or a pair; None where the fields are empty. One number for both sides stays one."""
    if not has_pairs(monitor):
        return _number(form[name]) if form.get(name, "").strip() else None
    sides = [_number(text) if (text := form.get(f"{name}_{side}", "").strip()) else None for side in SIDES]
    if sides == [None, None]:
        return None
    return monitor[name] if sides == _sides(monitor[name]) else sides


def _sides(limit: object) -> list[object]:
    if isinstance(limit, int | float):
        return [-abs(limit), abs(limit)]
    return list(limit) if isinstance(limit, Sequence) else []


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text.strip())
        except ValueError:
            continue
    return text.strip()


def _scaled(value: float | str, unit: float) -> int | float | str:
    if isinstance(value, str):
        return value
    scaled = round(value * unit, 12)
    return int(scaled) if unit >= 1 and scaled == int(scaled) else scaled


def _written(value: object) -> str:
    return "" if value is None else str(value)
