"""docs/alerts.md names every command, change and figure that there is; its example is read by the collector."""

import argparse
import tomllib

from tidegauge_collector.cli import alerts, routes, silences
from tidegauge_collector.core.routing import Routing
from tidegauge_collector.core.telling import CHANGES
from tidegauge_collector.notify.routes import read_routes

from .pages import blocks, code_words, rows, section, text_of

PAGE = "docs/alerts.md"


def _actions(command):
    commands = argparse.ArgumentParser().add_subparsers()
    command.add_to(commands)
    (parser,) = commands.choices.values()
    (actions,) = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    return actions.choices


def test_every_command_and_flag_is_listed():
    table = rows(section(PAGE, "## Commands"))
    listed = [word for row in table for word in code_words(row[0])]
    named = text_of(PAGE)

    made = {
        f"{one.__name__.rsplit('.', 1)[1]} {name}": parser
        for one in (alerts, silences, routes)
        for name, parser in _actions(one).items()
    }
    assert sorted(listed) == sorted(made)
    flags = {flag for parser in made.values() for action in parser._actions for flag in action.option_strings}
    assert {flag for flag in flags if flag.startswith("--") and flag not in named} == {"--help", "--data"}


def test_every_change_is_explained():
    listed = [word for row in rows(section(PAGE, "## What a message says")) for word in code_words(row[0])]

    assert sorted(listed) == sorted(CHANGES)


def test_the_example_is_taken_and_answers_as_shown():
    (example,) = blocks(section(PAGE, "## Routes"), "toml")
    problems = []
    kinds = {"pager": "pagerduty", "second-line": "pagerduty", "pricing-chat": "slack", "mail": "slack"}

    found = Routing(read_routes(tomllib.loads(example)["routes"], kinds, problems), kinds)

    assert problems == []
    steps = found.steps({"deployment": "shop", "importance": "high", "severity": "failing"})
    for step in steps:
        assert f"{step.route:<9}{step.reason!s}" in section(PAGE, "## Routes")
    assert steps[-1].channels == tuple(kinds)
