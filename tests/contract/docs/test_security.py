"""docs/security.md names the commands, scopes, reasons and figures that there are."""

import argparse
from datetime import UTC, datetime

from tidegauge_collector.access import Access, AccessConfig
from tidegauge_collector.access.authority import Authority
from tidegauge_collector.access.certificates import TlsFiles
from tidegauge_collector.access.scopes import OPEN, SCOPES
from tidegauge_collector.access.tokens import Scope
from tidegauge_collector.cli import certs, tokens
from tidegauge_collector.control import ControlStore

from .pages import code_words, rows, section, text_of

PAGE = "docs/security.md"


def _actions(command):
    """The words that a command takes first."""
    commands = argparse.ArgumentParser().add_subparsers()
    command.add_to(commands)
    (parser,) = commands.choices.values()
    (actions,) = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    return set(actions.choices)


def test_every_command_has_its_row():
    for command, heading in ((certs, "## Certificates"), (tokens, "## Tokens")):
        name = command.__name__.rsplit(".", 1)[1]
        listed = {
            word.split()[1]
            for row in rows(section(PAGE, heading))
            for word in code_words(row[0])
            if word.startswith(name)
        }

        assert listed == _actions(command)


def test_every_scope_is_explained_and_open_routes_are_named():
    routes = {
        code_words(row[0])[0] if code_words(row[0]) else "none": row[1]
        for row in rows(section(PAGE, "## Which route asks for what"))
    }

    assert set(routes) == {"none", *Scope}
    for _, path in (route for route, scope in SCOPES.items() if scope is OPEN):
        assert path.split("{")[0].rstrip("/") in routes["none"]


def test_every_figure_of_the_room_is_listed(tmp_path):
    now = datetime.now(UTC)
    pair = Authority.create(tmp_path / "tls", now).issue_server(["localhost"], now)
    store = ControlStore.open(tmp_path / "control.sqlite")
    access = Access(store.tokens, AccessConfig(tmp_path, tls=TlsFiles(pair.certificate, pair.key)), lambda: 0)
    named = [family[0] for family in access.families()]
    access.close()
    store.close()

    assert [code_words(row[0])[0] for row in rows(section(PAGE, "## What is logged and measured"))] == named


def test_what_is_said_when_listening_is_refused_leads_to_the_page():
    from tidegauge_collector.access.exposure import missing_tls, missing_tokens

    for text in (*missing_tls([("grpc", "0.0.0.0:1")], "data"), missing_tokens("data")):
        assert PAGE in text
        assert "insecure = true" in text
    assert "`insecure = true`" in text_of(PAGE)
