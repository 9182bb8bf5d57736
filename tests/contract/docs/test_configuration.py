"""docs/configuration.md lists what agents and collectors really take."""

import argparse
from dataclasses import MISSING, fields

import pytest

from tidegauge.cli import _parser as agent_parser
from tidegauge.settings import AgentSettings, default_spool
from tidegauge_collector import errors
from tidegauge_collector.cli import _parser as collector_parser
from tidegauge_collector.core.matching import FIELDS as LABELS
from tidegauge_collector.core.routing import GROUP_FIELDS, Route
from tidegauge_collector.notify.registry import COMMON, KINDS
from tidegauge_collector.notify.routes import KEYS
from tidegauge_collector.notify.voice import FIELDS
from tidegauge_collector.settings import Address, CollectorSettings

from .pages import code_words, rows, section, text_of

PAGE = "docs/configuration.md"


def _shown(default):
    """A default as the page writes it."""
    if default is MISSING:
        return "required"
    if default is None:
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if default in ((), {}):
        return "`[]`" if default == () else "`{}`"
    return f"`{default}`" if isinstance(default, int | float) else f'`"{default}"`'


def _default(field):
    made = field.default if field.default_factory is MISSING else field.default_factory()
    return str(made) if isinstance(made, Address) or field.name == "data" else made


def _documented(heading):
    return {code_words(row[0])[0]: (row[1], row[2]) for row in rows(section(PAGE, heading).split("\n### ")[0])}


def test_every_option_of_init_is_listed_with_default_and_variable(monkeypatch):
    documented = _documented("## The agent")

    assert list(documented) == [field.name for field in fields(AgentSettings)]
    for field in fields(AgentSettings):
        default, variable = documented[field.name]
        if field.name != "spool":
            assert default == _shown(_default(field)), field.name
        if field.name != "rules":
            assert variable == f"`TIDEGAUGE_{field.name.upper()}`"
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/anna")
    assert default_spool() == documented["spool"][0].strip("`").replace("~", "/home/anna")


def test_every_key_of_the_collector_is_listed_with_default_and_variable():
    documented = _documented("## The collector")

    assert list(documented) == [field.name for field in fields(CollectorSettings)]
    for field in fields(CollectorSettings):
        default, variable = documented[field.name]
        assert default == _shown(_default(field)), field.name
        if field.name not in {"channels", "routes"}:
            assert variable == f"`TIDEGAUGE_{field.name.upper()}`"


def test_every_kind_of_channel_is_listed_with_its_keys():
    table = {code_words(row[0])[0]: row for row in rows(section(PAGE, "### Channels")) if row[0].startswith("`")}

    assert list(table) == [*COMMON, *KINDS]
    for name, kind in KINDS.items():
        assert {*kind.secrets, *kind.required, *kind.optional} <= set(code_words(table[name][1])), name


def test_every_field_of_a_channels_title_is_listed():
    assert all(f"`{{{name}}}`" in section(PAGE, "### Channels") for name in FIELDS)


def test_every_key_of_a_route_is_listed_with_the_fields_it_takes():
    table = {code_words(row[0])[0]: row for row in rows(section(PAGE, "### Routes"))}

    assert sorted(table) == sorted(KEYS)
    assert {*LABELS, "label.NAME"} <= set(code_words(table["match"][2]))
    assert set(GROUP_FIELDS) <= set(code_words(table["group_by"][2]))
    assert code_words(table["storm_after"][1]) == [str(Route().storm_after)]


def test_every_exit_code_of_the_collector_is_listed():
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.CollectorError)]
    documented = {int(row[0]) for row in rows(section(PAGE, "### Exit codes"))}

    assert documented == {0, 2} | {kind.exit_code for kind in kinds}


@pytest.mark.parametrize(
    ("parser", "command"), [(agent_parser, "ship"), (collector_parser, "serve"), (collector_parser, "check")]
)
def test_every_flag_is_named(parser, command):
    commands = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    flags = [flag for action in commands.choices[command]._actions for flag in action.option_strings]

    missing = [flag for flag in flags if flag.startswith("--") and flag != "--help" and flag not in text_of(PAGE)]

    assert missing == []
