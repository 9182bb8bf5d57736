"""Which kinds of channels there are, and how each is configured: one line a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tidegauge_collector.notify.channel import Channel
from tidegauge_collector.notify.kinds.alertmanager import AlertmanagerChannel
from tidegauge_collector.notify.kinds.jira import JiraChannel, jira_cloud, jira_data_center
from tidegauge_collector.notify.kinds.mail import EmailChannel
from tidegauge_collector.notify.kinds.opsgenie import OpsgenieChannel
from tidegauge_collector.notify.kinds.pagerduty import PagerDutyChannel
from tidegauge_collector.notify.kinds.servicenow import ServiceNowChannel
from tidegauge_collector.notify.kinds.servicenow_events import ServiceNowEventsChannel
from tidegauge_collector.notify.kinds.slack import SlackChannel
from tidegauge_collector.notify.kinds.slack_api import SlackApiChannel
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


TABLE = object
"""The type of a table whose values may be anything."""
_MAP: Mapping[str, type] = {"severities": dict}
_ISSUE: Mapping[str, type] = {
    "issue_type": str,
    **_MAP,
    "assignee": str,
    "components": list,
    "fields": TABLE,
    "close": bool,
    "resolve_transition": str,
    "reopen_transition": str,
    "resolution": str,
    "reopen_within_hours": int,
    "account": str,
}
_INBOUND = {"inbound_secret": "what calls of its tool show"}
_ACCOUNT = {"password": "of the account", "api_key": "instead of an account"}
KINDS: Mapping[str, Kind] = {
    "webhook": Kind(
        WebhookChannel,
        {"secret": "a whsec_… key", "previous_secret": "the whsec_… key before"},
        required={"url": str},
        optional={"format": str},
        may_lack=("previous_secret",),
    ),
    "slack": Kind(SlackChannel, {"url": "https://hooks.slack.com/services/…"}),
    "slack_api": Kind(
        SlackApiChannel,
        {"token": "a bot's, xoxb-…", "inbound_secret": "the app's signing secret"},
        required={"channel": str},
        optional={"url": str},
        may_lack=("inbound_secret",),
    ),
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
    "jira": Kind(
        jira_cloud,
        {"token": "an API token of the account", **_INBOUND},
        required={"url": str, "project": str, "email": str},
        optional=_ISSUE,
        may_lack=("inbound_secret",),
    ),
    "jira_dc": Kind(
        jira_data_center,
        {"token": "a personal access token", **_INBOUND},
        required={"url": str, "project": str},
        optional=_ISSUE,
        may_lack=("inbound_secret",),
    ),
    "servicenow": Kind(
        ServiceNowChannel,
        {**_ACCOUNT, **_INBOUND},
        required={"url": str},
        optional={
            "username": str,
            **_MAP,
            "fields": dict,
            "close": bool,
            "close_code": str,
            "reopen_within_hours": int,
            "customer_visible": bool,
            "account": str,
        },
        may_lack=("password", "api_key", "inbound_secret"),
    ),
    "servicenow_events": Kind(
        ServiceNowEventsChannel,
        _ACCOUNT,
        required={"url": str},
        optional={"username": str, **_MAP},
        may_lack=("password", "api_key"),
    ),
    "email": Kind(
        EmailChannel,
        {"password": "of the account"},
        required={"server": str, "sender": str, "to": list},
        optional={"security": str, "port": int, "username": str},
        may_lack=("password",),
    ),
    "alertmanager": Kind(AlertmanagerChannel, required={"url": str}),
}


def kind_of(channel: Channel) -> str:
    """The kind as it is configured."""
    if isinstance(channel, JiraChannel):
        return channel.dialect.kind
    return next((name for name, kind in KINDS.items() if kind.make is type(channel)), type(channel).__name__)
