"""Which kinds of channels there are, and how each is configured: one line a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tidegauge_collector.notify.channel import Channel
from tidegauge_collector.notify.kinds.alertmanager import AlertmanagerChannel
from tidegauge_collector.notify.kinds.opsgenie import OpsgenieChannel
from tidegauge_collector.notify.kinds.pagerduty import PagerDutyChannel
from tidegauge_collector.notify.kinds.slack import SlackChannel
from tidegauge_collector.notify.kinds.teams import TeamsChannel
from tidegauge_collector.notify.kinds.webhook import WebhookChannel

COMMON: Mapping[str, type] = {
    "name": str,
    "kind": str,
    "allow": list,
    "language": str,
    "title": str,
    "text": str,
    "per_minute": int,
}
SOURCES = ("", "_env", "_file")


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of channel is configured: keys with the type of their value, and those that must be there.

    `secrets` are given as they are, or by the name of a variable or file that holds them; of these `may_lack` need not be there.
    """

    make: Callable[..., Channel]
    secrets: Mapping[str, str] = field(default_factory=dict)
    required: Mapping[str, type] = field(default_factory=dict)
    optional: Mapping[str, type] = field(default_factory=dict)
    may_lack: tuple[str, ...] = ()

    @property
    def types(self) -> Mapping[str, type]:
        """All keys of a table of this kind."""
        secrets = {name + source: str for name in self.secrets for source in SOURCES}
        return {**COMMON, **self.required, **self.optional, **secrets}


_MAP = {"severities": dict}
KINDS: Mapping[str, Kind] = {
    "webhook": Kind(
        WebhookChannel,
        {"secret": "a whsec_… key", "previous_secret": "the whsec_… key before"},
        required={"url": str},
        optional={"format": str},
        may_lack=("previous_secret",),
    ),
    "slack": Kind(SlackChannel, {"url": "https://hooks.slack.com/services/…"}),
    "teams": Kind(TeamsChannel, {"url": "the workflow's https address"}),
    "pagerduty": Kind(
        PagerDutyChannel,
        {"routing_key": "32 letters and digits", "previous_routing_key": "the key before"},
        optional={"url": str, **_MAP},
        may_lack=("previous_routing_key",),
    ),
    "opsgenie": Kind(
        OpsgenieChannel, {"api_key": "the key of an API integration"}, optional={"url": str, "team": str, **_MAP}
    ),
    "alertmanager": Kind(AlertmanagerChannel, required={"url": str}),
}


def kind_of(channel: Channel) -> str:
    """The kind as it is configured."""
    return next((name for name, kind in KINDS.items() if kind.make is type(channel)), type(channel).__name__)
