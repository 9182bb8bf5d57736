"""`tidegauge-collector channels`: which there are, a test message, dead letters and what to do about them."""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path
from typing import Any

from tidegauge_collector.cli.places import add_place, existing, occupied, settings_of
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.place import is_in_use
from tidegauge_collector.settings import CollectorSettings, load_settings


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    channels = commands.add_parser("channels", help="list and test the channels, send dead letters again")
    actions = channels.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="names and kinds, without secrets")
    listing.set_defaults(run=_list)
    test = actions.add_parser("test", help="send a test message now, and say what the receiver answered")
    test.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    test.set_defaults(run=_test)
    for action in (listing, test):
        action.add_argument("--config", type=Path, metavar="FILE", required=True, help="settings in TOML")
    dead = actions.add_parser("dead", help="messages that were given up, newest first")
    dead.add_argument("--channel", metavar="NAME", help="only of this channel")
    dead.set_defaults(run=_dead)
    resend = actions.add_parser("resend", help="send a dead letter again, under its old id")
    resend.add_argument("of", metavar="DELIVERY", help="its id, as `dead` shows it")
    resend.set_defaults(run=_ask, action="resend")
    resume = actions.add_parser("resume", help="try a paused channel again, in the collector that runs")
    resume.add_argument("of", metavar="NAME")
    resume.set_defaults(run=_ask, action="resume")
    for action in (dead, resend, resume):
        add_place(action)


def _list(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.notify.registry import kind_of  # noqa: PLC0415 - `--help` needs none of it

    for channel in load_settings(parsed.config).channels:
        print(f"{channel.name}  {kind_of(channel)}")
    return 0


def _test(parsed: argparse.Namespace) -> int:
    settings = load_settings(parsed.config)
    unknown = set(parsed.names) - {channel.name for channel in settings.channels}
    if unknown:
        known = ", ".join(channel.name for channel in settings.channels) or "none"
        raise ConfigError(f"no channel is called {', '.join(sorted(unknown))} in {parsed.config}: there are {known}")
    return asyncio.run(_send(settings, parsed.names))


async def _send(settings: CollectorSettings, names: list[str]) -> int:
    from tidegauge_collector.notify.trying import try_channel  # noqa: PLC0415 - `--help` needs none of it

    failed = 0
    for channel in settings.channels:
        if names and channel.name not in names:
            continue
        said = await try_channel(channel, now_us=time.time_ns() // 1_000, base_url=settings.base_url)
        failed += not said.was_taken
        print(f"{channel.name}: {said.text}")
    return 1 if failed else 0


def _dead(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.control import ControlStore  # noqa: PLC0415 - `--help` needs none of it

    data = existing(settings_of(parsed).data)
    store = ControlStore.open(data / "control.sqlite")
    try:
        found = store.talks.dead(channel=parsed.channel)
    finally:
        store.close()
    for one in found:
        print(_plain(f"{one.delivery_id}  {one.channel}  {one.event_type}  {one.last_error or ''}"))
    print(f"{len(found)} dead letter(s)")
    return 0


def _ask(parsed: argparse.Namespace) -> int:
    data = existing(settings_of(parsed).data)
    wish = {"action": parsed.action, "of": parsed.of}
    if is_in_use(data):
        from tidegauge_collector.upkeep.errands import ask  # noqa: PLC0415 - `--help` needs none of it

        ask(data, "channels", wish=wish, is_alive=lambda: is_in_use(data), on_progress=lambda _line: None)
    elif parsed.action == "resume":
        print("no collector runs here: one that starts tries every channel again")
        return 0
    else:
        _resend(data, parsed.of)
    print(f"{parsed.of}: {'is tried again' if parsed.action == 'resume' else 'is sent again'}")
    return 0


def _resend(data: Path, delivery_id: str) -> None:
    from tidegauge_collector.control import ControlStore  # noqa: PLC0415 - `--help` needs none of it

    with occupied(data):
        store = ControlStore.open(data / "control.sqlite")
        try:
            found = store.talks.find(delivery_id)
            if found is None:
                raise ConfigError(f"there is no message {delivery_id!r:.80}: `channels dead` lists them")
            store.resend(found.id, now_us=time.time_ns() // 1_000)
        except LookupError as problem:
            raise ConfigError(str(problem)) from problem
        finally:
            store.close()


def _plain(text: str) -> str:
    """Text of a stranger for a terminal: nothing in it steers."""
    return "".join(one if one.isprintable() else "�" for one in text)[:300]
