"""`/deployments/{name}/health`: block by block, and what made it so."""

from __future__ import annotations

from tidegauge_collector.api.query import check_known
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment, find_version
from tidegauge_collector.core.health import RULES, BlockHealth, Said, assess, overall
from tidegauge_collector.measuring.measurement import rfc3339

NAMED = 50


def show_health(sources: Sources, name: str, query: Query) -> Json:
    """The blocks of a deployment, each with its rule and its bad members."""
    check_known(query)
    found = find_deployment(sources, name)
    active = sources.baselines.active(name, find_version(sources, found, query))
    said = sources.control.verdicts([name])[name]
    health = assess(said.monitors, said.said, importance=active.baseline.importance if active else {})
    return {
        "deployment": name,
        "verdict": overall(health).value,
        "blocks": [_block(one) for one in health],
    }


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
