"""Mail to a server that wants TLS and a login: one mail a message, one conversation a thread, and those who are refused left out."""

import ssl

import pytest
import trustme
from fake_smtp import MailServer
from notify_bodies import body, event
from notify_desks import KEY, tell

from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify import OutboxSender, mailing
from tidegauge_collector.notify.events import read_event
from tidegauge_collector.notify.kinds.mail import EmailChannel, render

ANNA, BEN = "anna@example.com", "ben@example.com"


@pytest.fixture
def authority():
    return trustme.CA()


@pytest.fixture
async def post(authority, monkeypatch, request):
    """A server of the security that the test names, and the channel to it."""
    security = getattr(request, "param", "starttls")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    server = MailServer(
        None if security == "none" else tls,
        implicit=security == "tls",
        login=None if security == "none" else ("bot@example.com", "smtp-secret"),
    )
    await server.start()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    monkeypatch.setattr(mailing, "trusted", lambda: trusting)
    account = {} if security == "none" else {"username": "bot@example.com", "password": "smtp-secret"}
    channel = EmailChannel(
        "ops",
        "localhost",
        "Tidegauge <gauge@example.com>",
        (ANNA, BEN),
        security,
        server.port,
        allow=("localhost",),
        **account,
    )
    yield server, channel
    await server.close()
    assert server.problems == []


@pytest.mark.parametrize("post", ["starttls", "tls", "none"], indirect=True)
async def test_the_mails_of_a_thread_are_one_conversation(post, store, clock):
    server, channel = post
    sender = OutboxSender(store, [channel], clock=clock)
    names = []
    for kind in ("firing", "updated", "resolved"):
        names.append(tell(store, "ops", kind, now_us=clock.now_us(), comment="<b>"))
        await sender.deliver_due()

    assert [to for to, _ in server.mails] == [[ANNA, BEN]] * 3
    mails = [mail for _, mail in server.mails]
    assert [mail["Message-ID"] for mail in mails] == [f"<{name}@example.com>" for name in names]
    assert {mail["In-Reply-To"] for mail in mails} == {f"<{KEY}@example.com>"}
    assert mails[0]["Subject"] == "[FAILING] flights-delay: psi of dep_delay is 0.31, limit 0.25"
    assert mails[2]["Subject"].startswith("[RESOLVED]")
    assert mails[0]["Auto-Submitted"] == "auto-generated"
    assert {part.get_content_type() for part in mails[0].iter_parts()} == {"text/plain", "text/html"}


async def test_a_mail_that_may_have_been_taken_goes_out_again_under_the_same_id(post, store, clock):
    server, channel = post
    server.script.append("drop")
    sender = OutboxSender(store, [channel], clock=clock)
    tell(store, "ops", "firing", now_us=clock.now_us())

    await sender.deliver_due()
    clock.advance(5)
    await sender.deliver_due()

    assert len({mail["Message-ID"] for _, mail in server.mails}) == 1
    assert len(server.mails) == 2


async def test_who_is_refused_for_ever_is_left_out_and_who_is_refused_for_now_gets_it_later_alone(post, store, clock):
    server, channel = post
    server.refuse = {ANNA: 450}
    sender = OutboxSender(store, [channel], clock=clock)
    tell(store, "ops", "firing", now_us=clock.now_us())
    await sender.deliver_due()
    server.refuse = {}
    clock.advance(5)
    await sender.deliver_due()
    server.refuse = {ANNA: 550}
    tell(store, "ops", "updated", now_us=clock.now_us())
    await sender.deliver_due()

    assert [to for to, _ in server.mails] == [[BEN], [ANNA], [BEN]]
    assert sender.counts == {("ops", "retry"): 1, ("ops", "delivered"): 2}


@pytest.mark.parametrize(("fault", "outcome"), [(451, "retry"), (421, "retry"), (550, "dead"), ("no_tls", "paused")])
async def test_codes_have_their_consequences(post, store, clock, fault, outcome):
    server, channel = post
    server.script.append(fault)
    sender = OutboxSender(store, [channel], clock=clock)
    tell(store, "ops", "firing", now_us=clock.now_us())

    await sender.deliver_due()

    assert sender.counts == {("ops", outcome): 1}
    assert server.mails == []


async def test_a_server_with_a_certificate_of_somebody_else_gets_nothing(post, store, clock, monkeypatch):
    server, channel = post
    monkeypatch.setattr(mailing, "trusted", ssl.create_default_context)
    sender = OutboxSender(store, [channel], clock=clock)
    tell(store, "ops", "firing", now_us=clock.now_us())

    await sender.deliver_due()

    assert sender.counts == {("ops", "retry"): 1}
    assert server.mails == []


async def test_a_server_that_is_silent_is_hung_up_on(post, store, clock, monkeypatch):
    server, channel = post
    server.script.append("hang")
    monkeypatch.setattr(mailing, "TOTAL_S", 0.2)
    sender = OutboxSender(store, [channel], clock=clock)
    tell(store, "ops", "firing", now_us=clock.now_us())

    await sender.deliver_due()

    assert sender.counts == {("ops", "retry"): 1}


async def test_a_server_that_leads_inside_is_not_called(post, store, clock):
    server, _ = post
    channel = EmailChannel("ops", "localhost", "gauge@example.com", (ANNA,), "starttls", server.port)
    sender = OutboxSender(store, [channel], clock=clock)
    tell(store, "ops", "firing", now_us=clock.now_us())

    await sender.deliver_due()

    assert "not a public address" in sender.paused["ops"]


def test_a_mail_is_the_same_bytes_at_each_attempt():
    channel = EmailChannel("ops", "mail.example.com", "gauge@example.com", (ANNA,))

    found = read_event(body(event(comment="é" * 2_000)))
    first, second = (render(found, "msg_1", channel).as_bytes() for _ in range(2))

    assert first == second
    assert first.isascii()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"security": "none"}, "in the clear"),
        ({"security": "ssl"}, "write one of starttls, tls, none"),
        (
            {"security": "none", "server": "localhost", "allow": ("localhost",), "username": "a", "password": "b"},
            "its password",
        ),
        ({"username": "a"}, "give username and password"),
        ({"to": ("nobody",)}, "'nobody' is no address"),
        ({"sender": "a@b\nBcc: c@d"}, "is no address"),
    ],
)
def test_what_would_send_secrets_or_break_headers_is_refused(changes, said):
    given = {"name": "ops", "server": "mail.example.com", "sender": "gauge@example.com", "to": (ANNA,)}

    with pytest.raises(ConfigError, match=said):
        EmailChannel(**(given | changes))
