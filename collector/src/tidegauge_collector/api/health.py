"""`/deployments/{name}/health`: block by block, and what made it so; and the same in short for the list of deployments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tidegauge_collector.api.query import NotFound, check_known
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment, find_version
from tidegauge_collector.control import ControlStore
from tidegauge_collector.control.verdicts import Verdicts
from tidegauge_collector.core.health import RULES, BlockHealth, Said, assess, overall
from tidegauge_collector.measuring.baselines import Baselines
from tidegauge_collector.measuring.measurement import rfc3339

NAMED = 50


def show_health(sources: Sources, name: str, query: Query) -> Json:
    """The blocks of a deployment, each with its rule and its bad members."""
    check_known(query)
    found = find_deployment(sources, name)
    active = sources.baselines.active(name, find_version(sources, found, query))
    health = _assessed(sources.control.verdicts([name])[name], active.baseline.importance if active else {})
    return {
        "deployment": name,
        "verdict": overall(health).value,
        "blocks": [_block(one) for one in health],
    }


def health_of(control: ControlStore, baselines: Baselines, name: str) -> Json:
    """Block -> state; raises NotFound."""
    found = health_of_all(control, baselines, [name]).get(name)
    if found is None:
        raise NotFound(f"deployment {name!r} does not exist")
    return found


def health_of_all(control: ControlStore, baselines: Baselines, names: Sequence[str]) -> dict[str, Json]:
    """The same of those of the deployments that exist, for many at once. Importance is asked for only where something fails."""
    return {
        name: {one.block: one.state.value for one in _assessed(said, _importance(baselines, name, said))}
        for name, said in control.verdicts(names).items()
    }


def _importance(baselines: Baselines, name: str, found: Verdicts) -> dict[str, float]:
    failing = sorted({one.version for one in found.said if one.verdict == "failing" and one.column})
    active = baselines.active(name, failing[-1]) if failing else None
    return dict(active.baseline.importance) if active is not None else {}


def _assessed(found: Verdicts, importance: Mapping[str, float]) -> list[BlockHealth]:
    return assess(found.monitors, found.said, importance=importance)


def _block(one: BlockHealth) -> Json:
    return {
        "block": one.block,
        "state": one.state.value,
        "rule": RULES[one.rule],
        "because": [_member(said) for said in one.because[:NAMED]],
        "bad_members": len(one.because),
    }


def _member(one: Said) -> Json:
    return {
        "monitor": one.monitor,
        "metric": one.metric,
        "column": one.column,
        "segment": one.segment,
        "version": one.version,
        "verdict": one.verdict.value,
        "window_end": rfc3339(one.window_end_us),
    }
