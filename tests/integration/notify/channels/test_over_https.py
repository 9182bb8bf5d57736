"""Every kind with an account of its own over HTTPS, by the real client: whom it believes, where it goes, how much it reads."""

import socket
import ssl
from datetime import UTC, datetime
from functools import partial

import pytest
import trustme
from aiohttp.abc import AbstractResolver
from notify_desks import DESKS, OutboxSender, patience_s
from sqlalchemy import select

from receivers.provider import BIG_BODY, GZIP_BOMB, HANG, REDIRECT, SLOW
from tidegauge_collector.control.tables import OutboxTableRow, ReceiptRow
from tidegauge_collector.notify import delivery
from tidegauge_collector.notify.delivery import open_session

HOST = "tickets.example"
KINDS = ("slack_api", "jira", "servicenow", "pagerduty", "opsgenie", "webhook")
PAST = datetime(2020, 1, 1, tzinfo=UTC)


class Names(AbstractResolver):
    """Gives the addresses in turn, the last for ever; `to` keeps who was given."""

    def __init__(self):
        self.addresses = ["127.0.0.1"]
        self.to = []

    async def resolve(self, host, port=0, family=socket.AF_INET):
        address = self.addresses.pop(0) if len(self.addresses) > 1 else self.addresses[0]
        self.to.append((host, address))
        return [{"hostname": host, "host": address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]

    async def close(self): ...


@pytest.fixture
def authority():
    return trustme.CA()


@pytest.fixture
async def desk(request, clock, store, authority):
    """A desk behind TLS under a name; `show(pem)` gives its server another certificate."""
    made = DESKS[request.param]()
    made.store, made.clock, made.names = store, clock, Names()
    made.provider = made._make_provider(now_us=clock.now_us)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.show = partial(show, tls)
    made.show(pem(authority.issue_cert(HOST)))
    await made.provider.start(tls)
    made.provider.url = made.provider.url.replace("127.0.0.1", HOST)
    made.channel = made._make_channel(made.provider)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    def factory(channel):
        return open_session(channel, resolver=made.names, tls=trusting, total_s=patience_s(made.provider))

    made.sender = OutboxSender(store, [made.channel], clock=clock, random=lambda: 1.0, session_factory=factory)
    yield made
    await made.close()
    assert made.provider.problems == []


def pem(pair):
    return b"".join([pair.private_key_pem.bytes(), *(one.bytes() for one in pair.cert_chain_pems)])


def show(tls, content):
    with trustme.Blob(content).tempfile() as path:
        tls.load_cert_chain(path)


def expired(authority):
    return pem(authority.issue_cert(HOST, not_after=PAST))


def of_another_name(authority):
    return pem(authority.issue_cert("other.example"))


def self_signed(_):
    stranger = trustme.CA()
    return stranger.private_key_pem.bytes() + stranger.cert_pem.bytes()


def kept(store):
    """Everything that the outbox and its receipts say."""
    with store._read() as session:
        receipts = session.execute(select(ReceiptRow.outcome, ReceiptRow.status_code, ReceiptRow.detail)).all()
        errors = session.scalars(select(OutboxTableRow.last_error)).all()
    return [tuple(one) for one in receipts], errors


each_kind = pytest.mark.parametrize("desk", KINDS, indirect=True)


@each_kind
@pytest.mark.parametrize(
    ("made", "why"), [(expired, "expired"), (self_signed, "self-signed"), (of_another_name, "Hostname mismatch")]
)
async def test_a_certificate_that_is_wrong_is_refused_and_the_message_arrives_when_it_is_mended(
    desk, authority, made, why
):
    desk.show(made(authority))
    desk.tell("firing")

    await desk.sender.deliver_due()

    (receipt,), errors = kept(desk.store)
    assert desk.provider.seen == []
    assert receipt[:2] == ("retry", None)
    assert why in receipt[2]
    assert errors == [receipt[2]]
    assert not any(secret in receipt[2] for secret in (*desk.channel.endpoint.secrets, desk.channel.endpoint.url))
    assert desk.over == []

    desk.show(pem(authority.issue_cert(HOST)))
    await desk.settle()

    assert desk.statuses == ["delivered"]
    assert desk.over == [False]


@each_kind
@pytest.mark.parametrize("fault", [REDIRECT, HANG, SLOW])
async def test_a_redirect_is_not_followed_and_an_answer_that_never_ends_is_not_waited_for(desk, fault):
    desk.provider.script.append(fault)
    desk.tell("firing")

    await desk.sender.deliver_due()

    assert desk.over == []
    assert {host for host, _ in desk.names.to} == {HOST}
    assert desk.receipts() == ["retry"]
    await desk.settle()
    assert desk.statuses == ["delivered"]
    assert desk.over == [False]


@each_kind
@pytest.mark.parametrize("fault", [BIG_BODY, GZIP_BOMB])
async def test_of_an_answer_without_end_the_beginning_is_read_as_it_came(desk, fault, monkeypatch):
    read = []

    async def watched(response, whole=delivery._read_capped):
        read.append(len(found := await whole(response)))
        return found

    monkeypatch.setattr(delivery, "_read_capped", watched)
    desk.provider.script.append(fault)
    desk.tell("firing")

    await desk.settle()

    assert max(read) <= delivery.READ_CAP_BYTES
    assert desk.statuses == ["delivered"]
    assert False in desk.over


@each_kind
async def test_a_name_that_leads_inside_at_the_second_look_pauses_the_channel_and_is_not_called(desk):
    desk.tell("firing", severity="warning")
    await desk.settle()
    seen = len(desk.provider.seen)
    desk.names.addresses = ["10.0.0.1"]
    desk.tell("updated", severity="failing")
    desk.clock.advance(60)

    await desk.sender.deliver_due()

    receipts, _ = kept(desk.store)
    assert len(desk.provider.seen) == seen > 0
    assert receipts[-1][:2] == ("paused", None)
    assert "10.0.0.1, which is not" in receipts[-1][2]
    assert "10.0.0.1" in desk.sender.paused["ops"]

    desk.names.addresses = ["127.0.0.1"]
    await desk.settle()  # resumes it

    assert desk.statuses == ["delivered", "delivered"]
    assert desk.over == [False]
