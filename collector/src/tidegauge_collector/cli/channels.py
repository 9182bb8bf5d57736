"""`tidegauge-collector channels`: which channels are configured, and a test message through them, now and from here."""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path
from typing import Any

from tidegauge_collector.errors import ConfigError
from tidegauge_collector.settings import CollectorSettings, load_settings


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    channels = commands.add_parser("channels", help="list the channels, or send a test message through them")
    actions = channels.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="names and kinds, without secrets")
    listing.set_defaults(run=_list)
    test = actions.add_parser("test", help="send a test message now, and say what the receiver answered")
    test.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    test.set_defaults(run=_test)
    for action in (listing, test):
        action.add_argument("--config", type=Path, metavar="FILE", required=True, help="settings in TOML")


def _list(parsed: argparse.Namespace) -> int:

    for channel in load_settings(parsed.config).channels:
        print(f"{channel.name}  {type(channel).__name__.removesuffix('Channel').lower()}")
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
