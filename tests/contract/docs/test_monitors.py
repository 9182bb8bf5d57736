"""docs/monitors.md names every field of a monitor with its default and an example that is one, the defaults as they are, every state,
option and way of learning; its scenario holds."""

import tomllib
from dataclasses import MISSING, fields
from typing import get_args

from tidegauge_collector.core import spread, trailing
from tidegauge_collector.core.blocks import BLOCKS, block_of
from tidegauge_collector.core.default_monitors import DEFAULT_MONITORS
from tidegauge_collector.core.health import RULES
from tidegauge_collector.core.monitors import FLAP_SPAN_STEPS, Block, Monitor
from tidegauge_collector.core.scenario import parse, run
from tidegauge_collector.core.scenario_text import LINES, OPTIONS, PREFIXES, STATES, TOLD
from tidegauge_collector.core.shapes import fields_of, read
from tidegauge_collector.core.slo import BURNS
from tidegauge_collector.measuring import accuracy, custom, drift, fairness, service
from tidegauge_collector.measuring.families import METRICS

from .pages import blocks, code_words, rows, section, text_of

PAGE = "docs/monitors.md"
FIELDS = {one.name: one for one in fields_of(Monitor)}
FITTING = {  # what an example needs beside itself to be a monitor
    "kind": {"members": ("drift",), "metric": "", "warning": None},
    "measures": {"kind": "fairness", "groups": "sex", "metric": "", "warning": None},
    "failing": {"comparison": "outside", "warning": None},
    "limits": {"comparison": "above"},
}


def _number(value):
    return "none" if value is None else f"{value:g}"


def _hours(seconds):
    return f"{seconds / 3_600:g} h"


def _row(monitor):
    return [
        f"`{monitor.id}`",
        monitor.kind,
        f"`{monitor.metric}`",
        f"`{monitor.columns}`" if monitor.columns else "``",
        monitor.comparison if monitor.warning is not None else "silence",
        _number(monitor.warning),
        _number(monitor.failing),
        _hours(monitor.silent_for_s if monitor.kind == "no_data" else monitor.window_s)
        if monitor.metric != "agents"
        else "none",
        _hours(monitor.step_s) if monitor.step_s >= 3_600 else f"{monitor.step_s // 60} min",
        str(monitor.min_rows) if monitor.kind == "measurement" else "none",
        _number(monitor.significance),
        _hours(monitor.lag_s),
        f"{monitor.hold[0]} of {monitor.hold[1]}",
        str(monitor.recover_after),
        _number(monitor.recover_margin),
    ]


def _default(value):
    if value is MISSING:
        return "required"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return "none" if value is None else f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def _field_rows():
    return rows(section(PAGE, "## Fields").split("### ")[0])


def test_default_monitors_stand_there_as_they_are():
    assert rows(section(PAGE, "## Default monitors")) == [_row(monitor) for monitor in DEFAULT_MONITORS]


def test_every_field_stands_there_with_its_meaning_and_default():
    assert [row[:3] for row in _field_rows()] == [
        [f"`{one.name}`", one.metadata["doc"], _default(one.default)] for one in fields(Monitor)
    ]
    assert f"{FLAP_SPAN_STEPS} times `every_s`" in text_of(PAGE)


def test_every_example_makes_a_monitor():
    for row in _field_rows():
        (name, value), *_ = tomllib.loads(code_words(row[3])[0]).items()
        plain = read(FIELDS[name], value)
        given = {"id": "x", "metric": "psi", "warning": 1.0, **FITTING.get(name, {}), name: plain}

        assert getattr(Monitor(**given), name) == plain


def test_every_way_of_learning_is_named():
    named = {code_words(row[0])[0] for row in rows(section(PAGE, "### Learned limits"))}
    of_trailing = {trailing.METHOD}
    of_baseline = {
        spread.rate_spread(0.5, 10).method,
        spread.blocks_spread(100, 10, lambda _: 1.0).method,
        spread.blocks_spread(100, 50, lambda _: 1.0).method,
    }

    assert named == of_trailing | of_baseline


def test_burn_rates_are_those_of_the_rules():
    text = section(PAGE, "### Error budgets")

    assert [f"{burn.factor:g}" in text for burn in BURNS] == [True, True, True]


def test_blocks_and_their_rules_stand_there():
    text = section(PAGE, "## Health")

    assert get_args(Block) == BLOCKS
    assert ", ".join(BLOCKS) in text
    assert all(rule in text for rule in RULES.values())


def test_every_metric_belongs_to_a_block_with_its_family():
    blocks = {name: block_of(stated="", kind="measurement", metric=name) for name in METRICS}

    assert {name for name, block in blocks.items() if block == "custom"} == set(custom.METRICS)
    assert {blocks[name] for name in fairness.METRICS} == {"fairness"}
    assert {blocks[name] for name in accuracy.METRICS} == {"accuracy"}
    assert {blocks[name] for name in service.METRICS} == {"service", "freshness"}
    assert {blocks[name] for name in drift.METRICS} == {"drift", "quality"}


def test_every_option_value_and_state_of_a_scenario_stands_there():
    lines = rows(section(PAGE, "## Scenario tests").split("### ")[0])
    first = [code_words(row[0])[0] for row in lines]

    assert [name for name in first if name in OPTIONS] == list(OPTIONS)
    assert [name for name in first if name in STATES] == list(STATES)
    words = {word.split()[0] for row in lines for cell in row for word in code_words(cell) if word.split()}
    assert {prefix.strip() for prefix in PREFIXES} <= words


def test_every_line_of_a_scenario_and_all_that_is_told_stands_there():
    meanings = section(PAGE, "## Scenario tests").split("| value |")[0]

    assert {code_words(row[0])[0].split()[0] for row in rows(meanings)} == set(LINES)
    assert [code_words(row[0])[0] for row in rows(section(PAGE, "### What people are told"))] == list(TOLD)


def test_the_scenarios_on_the_page_hold():
    texts = blocks(section(PAGE, "## Scenario tests"), "text")

    assert len(texts) == 2
    assert [run(parse(text), {one.id: one for one in DEFAULT_MONITORS}) for text in texts] == [[], []]


def test_the_composite_on_the_page_is_one():
    (text,) = blocks(section(PAGE, "### Composites"), "toml")
    (found,) = tomllib.loads(text)["monitor"]

    assert Monitor(**{**found, "members": tuple(found["members"])}).kind == "composite"
