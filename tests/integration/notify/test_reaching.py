"""Where a message goes is decided when it goes: names are looked up once, checked, and what was checked is what is called."""

from __future__ import annotations

import socket
from functools import partial

import notify_receiver as receiving
import pytest
from aiohttp.abc import AbstractResolver
from control_timeline import FAILING

from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify import WebhookChannel
from tidegauge_collector.notify.delivery import open_session

SECRET = receiving.SECRET


class Names(AbstractResolver):
    """Answers each question with the next address; the last for ever."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked: list[str] = []

    async def resolve(self, host, port=0, family=socket.AF_INET):
        self.asked.append(host)
        address = self.addresses.pop(0) if len(self.addresses) > 1 else self.addresses[0]
        return [
            {"hostname": host, "host": address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0},
        ]

    async def close(self) -> None: ...


async def test_a_name_that_leads_inside_pauses_the_channel_and_calls_nobody(store, alerting, new_sender, receiver):
    names = Names("127.0.0.1")
    port = receiver.url.rsplit(":", 1)[1]
    alerting().judge(FAILING)
    sender = _sender(new_sender, f"https://hooks.example:{port}", names)

    await sender.deliver_due()

    assert receiver.seen == []
    assert "127.0.0.1, which is not a public address" in sender.paused["ops"]


async def test_a_name_that_leads_inside_at_the_second_look_is_refused_then(store, alerting, new_sender, receiver):
    port = receiver.url.rsplit(":", 1)[1]
    names = Names("127.0.0.1", "10.0.0.1")
    alerting("a").judge(FAILING)
    sender = _sender(new_sender, f"http://hooks.example:{port}", names, allow=("127.0.0.1",))
    await sender.deliver_due()
    first = len(receiver.seen)
    alerting("b").judge(FAILING)

    await sender.deliver_due()

    assert (first, len(receiver.seen)) == (1, 1)
    assert "10.0.0.1" in sender.paused["ops"]
    assert len(names.asked) == 2  # once for each connection


def _sender(new_sender, url, names, allow=()):
    sender = new_sender(("ops", "https://hooks.example/"), session_factory=partial(open_session, resolver=names))
    sender._lanes["ops"].channel = WebhookChannel("ops", url, SECRET, allow)
    return sender


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://169.254.169.254/latest/meta-data",
        "http://8.8.8.8/",
        "https://8.8.8.8:22/",
        "https://2130706433/",
        "https://127.1/",
        "https://999.1.1.1/",
    ],
)
def test_an_address_that_may_not_be_reached_is_refused_where_it_is_configured(url):
    with pytest.raises(ConfigError, match="url of channel 'ops' is refused"):
        WebhookChannel("ops", url, SECRET)


@pytest.mark.parametrize("host", ["0x7f.1", "0x7f000001", "localhost"])
async def test_other_ways_to_write_a_loopback_address_are_seen_through(store, alerting, new_sender, host):
    alerting().judge(FAILING)
    sender = new_sender(("ops", "https://hooks.example/"))
    sender._lanes["ops"].channel = WebhookChannel("ops", f"https://{host}/", SECRET)

    await sender.deliver_due()

    assert "not a public address" in sender.paused["ops"]
