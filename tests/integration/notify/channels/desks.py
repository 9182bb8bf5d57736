"""A desk: a provider, the channel to it, the sender between them, and how many tickets there are and which of them are over."""

import ssl

import aiohttp
from fake_boards import AlertmanagerReceiver, TeamsReceiver, WebhookReceiver
from fake_opsgenie import OpsgenieReceiver
from fake_pagerduty import KEY as ROUTING_KEY
from fake_pagerduty import PagerDutyReceiver
from fake_smtp import MailServer
from notify_bodies import TYPES, body, event
from notify_strict import hold
from sqlalchemy import select

from receivers import JiraReceiver, ServiceNowReceiver, SlackReceiver
from receivers.provider import HANG, SLOW
from tidegauge_collector.control.outbox import Message, put
from tidegauge_collector.control.tables import ThreadRow
from tidegauge_collector.notify import OutboxSender, WebhookChannel
from tidegauge_collector.notify.kinds.alertmanager import AlertmanagerChannel
from tidegauge_collector.notify.kinds.jira import jira_cloud, jira_data_center
from tidegauge_collector.notify.kinds.mail import EmailChannel
from tidegauge_collector.notify.kinds.opsgenie import OpsgenieChannel
from tidegauge_collector.notify.kinds.pagerduty import PagerDutyChannel
from tidegauge_collector.notify.kinds.servicenow import ServiceNowChannel
from tidegauge_collector.notify.kinds.servicenow_events import ServiceNowEventsChannel
from tidegauge_collector.notify.kinds.slack import SlackChannel
from tidegauge_collector.notify.kinds.slack_api import SlackApiChannel
from tidegauge_collector.notify.kinds.teams import TeamsChannel

ALLOW = ("127.0.0.1",)
WEBHOOK_SECRET = "whsec_" + "a2V5" * 8
KEY = "4f" * 16
IMPATIENT_S, PATIENT_S = 0.25, 60.0
DAY_US = 86_400_000_000


def tell(store, channel, kind, *, now_us, key=KEY, **data):
    """Puts a message of the open thread of this key into the outbox, and opens or closes the thread with it."""
    with store._write() as session:
        wanted = select(ThreadRow).where(ThreadRow.channel == channel, ThreadRow.key == key, ThreadRow.status == "open")
        row = session.scalars(wanted).one_or_none()
        if row is None:
            row = ThreadRow(
                channel=channel, route="ops", key=key, labels={}, status="open", seq=0, told={},
                opened_at_us=now_us, remembered={},
            )  # fmt: skip
            session.add(row)
            session.flush()
        row.seq += 1
        if kind == "resolved":
            row.status, row.closed_at_us = "closed", now_us
        found = body(event(kind, key=key, seq=row.seq, **data))
        message = Message(event_type=TYPES[kind], body=found, alert_key=key, seq=row.seq, thread=row.id)
        return put(session, channel, message, now_us)


def patience_s(provider):
    """How long an answer is waited for: where one is about to hang, not long; on a busy machine every other may take its time."""
    return IMPATIENT_S if any(one in (HANG, SLOW) for one in provider.script) else PATIENT_S


def session(provider):
    """A session that checks no address."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=patience_s(provider)),
        connector=aiohttp.TCPConnector(force_close=True),
        auto_decompress=False,
    )


class Desk:
    """`provider()` makes the provider; `channel(url)` the channel to it; `over(provider)`: of each ticket, whether it is over."""

    def __init__(self, provider, channel, over):
        self._make_provider, self._make_channel, self._over = provider, channel, over

    async def open(self, store, clock):
        self.store, self.clock = store, clock
        self.provider = self._make_provider(now_us=clock.now_us, hold=hold)
        await self.provider.start()
        self.channel = self._make_channel(self.provider)
        self.start()

    def start(self):
        """A sender, as after a restart."""
        self.sender = OutboxSender(
            self.store,
            [self.channel],
            clock=self.clock,
            random=lambda: 1.0,
            session_factory=lambda _channel: session(self.provider),
        )

    async def close(self):
        await self.provider.close()

    def tell(self, kind, **data):
        return tell(self.store, self.channel.name, kind, now_us=self.clock.now_us(), **data)

    async def settle(self, most_s=20 * 86_400):
        """Lets time pass until nothing waits; returns the seconds that it took."""
        start_us = self.clock.now_us()
        while (due_us := self.store.next_due_us(channels=[self.channel.name])) is not None:
            lane = self.sender._lanes[self.channel.name]
            if lane.paused is not None:
                self.sender.resume(self.channel.name)
            wait_s = (max(due_us, lane.ready_at_us()) - self.clock.now_us()) / 1e6
            self.clock.advance(max(wait_s, 0))
            assert (self.clock.now_us() - start_us) / 1e6 <= most_s, "it never ends"
            await self.sender.deliver_due()
        return (self.clock.now_us() - start_us) / 1e6

    @property
    def over(self):
        return self._over(self.provider)

    @property
    def statuses(self):
        """Of the messages, in their order."""
        from tidegauge_collector.control.tables import OutboxTableRow

        with self.store._read() as session:
            wanted = OutboxTableRow.channel == self.channel.name
            return list(session.scalars(select(OutboxTableRow.status).where(wanted).order_by(OutboxTableRow.id)))

    def receipts(self):
        """What came of each attempt, in their order."""
        from tidegauge_collector.control.tables import ReceiptRow

        with self.store._read() as session:
            return list(session.scalars(select(ReceiptRow.outcome).order_by(ReceiptRow.id)))


def _last_is_over(texts):
    return [texts[-1].startswith("[RESOLVED]")] if texts else []


def _jira(**options):
    return lambda p: jira_cloud(
        "ops", url=p.url, project="ML", email="bot@example.com", token="jira-token", allow=ALLOW, **options
    )


DESKS = {
    "slack": lambda: Desk(
        SlackReceiver, lambda p: SlackChannel("ops", p.hook_url, ALLOW), lambda p: _last_is_over(p.posted)
    ),
    "slack_api": lambda: Desk(
        SlackReceiver,
        lambda p: SlackApiChannel("ops", "xoxb-slack-token", "#ml-alerts", f"{p.url}/api", ALLOW),
        lambda p: [one.text.startswith("[RESOLVED]") for one in p.messages.values()],
    ),
    "jira": lambda: Desk(JiraReceiver, _jira(), lambda p: [one.is_done for one in p.issues.values()]),
    "jira_dc": lambda: Desk(
        lambda **options: JiraReceiver(is_cloud=False, **options),
        lambda p: jira_data_center("ops", url=p.url, project="ML", token="jira-token", allow=ALLOW),
        lambda p: [one.is_done for one in p.issues.values()],
    ),
    "servicenow": lambda: Desk(
        ServiceNowReceiver,
        lambda p: ServiceNowChannel("ops", p.url, "bot", "snow-secret", allow=ALLOW),
        lambda p: [one["state"] == "6" for one in p.incidents.values()],
    ),
    "servicenow_events": lambda: Desk(
        ServiceNowReceiver,
        lambda p: ServiceNowEventsChannel("ops", p.url, "bot", "snow-secret", allow=ALLOW),
        lambda p: [one == "closed" for one in p.alerts.values()],
    ),
    "pagerduty": lambda: Desk(
        PagerDutyReceiver,
        lambda p: PagerDutyChannel("ops", ROUTING_KEY, f"{p.url}/v2/enqueue", ALLOW),
        lambda p: [status == "resolved" for _, status in p.incidents],
    ),
    "opsgenie": lambda: Desk(
        OpsgenieReceiver,
        lambda p: OpsgenieChannel("ops", "ops-key", p.url, ALLOW),
        lambda p: [status == "closed" for _, status in p.alerts],
    ),
    "teams": lambda: Desk(
        TeamsReceiver,
        lambda p: TeamsChannel("ops", f"{p.url}/workflows/1?sig=teams-secret", ALLOW),
        lambda p: _last_is_over(p.posted),
    ),
    "alertmanager": lambda: Desk(
        AlertmanagerReceiver,
        lambda p: AlertmanagerChannel("ops", p.url, ALLOW),
        lambda p: [all(ends < "2027" for ends in p.alerts.values())] if p.alerts else [],
    ),
    "webhook": lambda: Desk(
        WebhookReceiver,
        lambda p: WebhookChannel("ops", f"{p.url}/hook-secret", WEBHOOK_SECRET, ALLOW),
        lambda p: [p.posted[-1]["type"] == "alert.resolved"] if p.posted else [],
    ),
    "cloudevents": lambda: Desk(
        lambda **options: WebhookReceiver("cloudevents", **options),
        lambda p: WebhookChannel("ops", f"{p.url}/hook-secret", WEBHOOK_SECRET, ALLOW, format="cloudevents"),
        lambda p: [p.posted[-1]["type"] == "dev.tidegauge.alert.resolved"] if p.posted else [],
    ),
}


def mail_desk(authority):
    """A mail server that takes nothing before TLS and login; its certificate is the authority's."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    account = {"username": "bot@example.com", "password": "smtp-secret"}
    return Desk(
        lambda **_: MailServer(tls),
        lambda p: EmailChannel(
            "ops", "localhost", "gauge@example.com", ("anna@example.com",), port=p.port, allow=("localhost",), **account
        ),
        lambda p: _last_is_over([one["Subject"] for _, one in p.mails]),
    )


ALL = tuple(DESKS)
COUNTED = ("slack_api", "jira", "jira_dc", "servicenow", "pagerduty", "opsgenie")
"""Kinds with a ticket for each episode; of the others only the last state counts."""
