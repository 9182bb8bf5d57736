"""docs/monitors-as-code.md: its example and the ready policies are monitors, its table has every command and flag, the schema is fresh."""

import argparse
import json
import tomllib

import pytest

from tidegauge_collector.cli import _parser
from tidegauge_collector.core import composites
from tidegauge_collector.core.definitions import DEFAULTS, resolved
from tidegauge_collector.core.monitor_tables import Document, file_schema, read_documents
from tidegauge_collector.measuring.observing import problems

from .pages import ROOT, blocks, code_words, rows, section, text_of

PAGE = "docs/monitors-as-code.md"
POLICIES = sorted(path for folder in ("monitors", "policies") for path in (ROOT / "deploy" / folder).glob("*.toml"))
GENERAL = {"--help", "--url", "--data", "--config", "--token-file", "--ca-file"}


def read(name: str, text: str):
    definitions, problems = read_documents([Document(name, tomllib.loads(text))])
    assert problems == []
    return definitions


def test_the_example_says_what_the_page_says_of_it():
    (example,) = blocks(text_of(PAGE), "toml")

    drift, auc, slow = read(PAGE, example)

    assert (drift.monitor.failing, drift.monitor.warning) == (0.4, 0.1)
    assert auc.enabled is False
    assert (slow.monitor.window_s, slow.monitor.hold, slow.labels) == (900, (2, 3), {"team": "checkout"})


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_a_ready_policy_is_one_that_can_be_judged(path):
    definitions = read(path.name, path.read_text(encoding="utf-8"))

    assert definitions
    assert [problem for one in definitions for problem in problems(one.monitor)] == []
    assert composites.problems([one.monitor for one in resolved(definitions).values()]) == []


def test_the_defaults_written_out_are_the_defaults():
    written = read("defaults.toml", (ROOT / "deploy/monitors/defaults.toml").read_text(encoding="utf-8"))

    assert [one.content for one in written] == [one.content for one in DEFAULTS.values()]


def test_the_committed_schema_is_fresh():
    committed = json.loads((ROOT / "docs/schemas/monitors.schema.json").read_text(encoding="utf-8"))

    assert committed == file_schema(), "tidegauge-collector monitors schema > docs/schemas/monitors.schema.json"


def commands():
    """Every command of `monitors` and `deployments` by its whole name."""
    top = next(one for one in _parser()._actions if isinstance(one, argparse._SubParsersAction))
    for name in ("monitors", "deployments"):
        inner = next(one for one in top.choices[name]._actions if isinstance(one, argparse._SubParsersAction))
        for action, parser in inner.choices.items():
            yield f"tidegauge-collector {name} {action}", parser


def test_every_command_has_its_row_with_every_flag():
    table = {code_words(row[0])[0]: row[1] for row in rows(section(PAGE, "## The commands"))}

    assert sorted(table) == sorted(name for name, _ in commands())
    for name, parser in commands():
        flags = {flag for one in parser._actions for flag in one.option_strings if flag.startswith("--")}
        assert [flag for flag in flags - GENERAL if flag not in table[name]] == [], name
    assert [flag for flag in GENERAL - {"--help"} if flag not in text_of(PAGE)] == []
