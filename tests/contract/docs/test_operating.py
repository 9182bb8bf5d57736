"""docs/operating-the-agent.md lists every command, every flag, every check."""

import argparse
import re

import pytest

from tidegauge.cli import _parser
from tidegauge.operating import checks_of_collector, checks_of_host, checks_on_disk
from tidegauge.operating.parcel import DIGEST_NAME, FORMAT, MANIFEST_NAME, VERSION

from .pages import ROOT, code_words, rows, section, text_of

PAGE = "docs/operating-the-agent.md"


def _commands(parser=None, prefix="tidegauge"):
    """Every command that runs something, by its whole name."""
    found = {}
    for action in (parser or _parser())._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, one in action.choices.items():
                inner = _commands(one, f"{prefix} {name}")
                found |= inner or {f"{prefix} {name}": one}
    return found


def test_every_command_is_listed():
    first = text_of(PAGE).split("\n| exit code")[0]
    listed = [word for row in rows(first) for word in code_words(row[0])]

    assert sorted(listed) == sorted(_commands())


@pytest.mark.parametrize("command", [name for name in _commands() if name != "tidegauge ship"])
def test_every_flag_is_named(command):
    flags = {
        flag for action in _commands()[command]._actions for flag in action.option_strings if flag.startswith("--")
    }

    assert {flag for flag in flags - {"--help"} if flag not in text_of(PAGE)} == set()


def test_every_check_of_the_doctor_is_listed():
    sources = (checks_of_collector, checks_of_host, checks_on_disk)
    made = {name for one in sources for name in re.findall(r'Finding\(\s*"([\w]+)"', _source(one))}
    listed = {name.strip() for row in rows(section(PAGE, "## tidegauge doctor")) for name in row[0].split(",")}

    assert listed == made


def _source(module):
    return (ROOT / "agent/src" / (module.__name__.replace(".", "/") + ".py")).read_text(encoding="utf-8")


def test_the_format_of_a_parcel_is_named():
    told = section(PAGE, "## Carrying by hand")

    assert all(f"`{name}`" in told for name in (MANIFEST_NAME, DIGEST_NAME, FORMAT))
    assert f"version {VERSION}," in told
