"""What channels are configured with in secret stays there, whatever receivers say and wherever people and machines look."""

import logging
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme
from collector_harbour import Harbour, Tide, agent_at, harbour
from collector_parrot import BASICS, KEY, KINDS, PASSWORD, PLAIN, RESET, SECRETS, Parrot
from collector_rows import REPLAY, give_baseline, record_days
from sqlalchemy import func, select

from tidegauge_collector.api.routes import ROUTES
from tidegauge_collector.cli import main
from tidegauge_collector.control.tables import OutboxTableRow, ReceiptRow
from tidegauge_collector.core.routing import Route
from tidegauge_collector.notify import mailing, render_test
from tidegauge_collector.settings import load_settings

HEALTHY, BROKEN = 0.0, 40.0
CHANNELS = frozenset(f"to-{kind}" for kind in KINDS)
LOOKED_AT = ("to-jira_dc", "to-servicenow")
STAGES = [  # what is answered over HTTP, whether as JSON, and to a login at the mail server
    (500, False, 454),
    (RESET, False, RESET),
    (302, False, 421),
    (503, True, 451),
    (401, True, 535),
    (400, True, 554),
]


@pytest.fixture
def parrot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parrot]:
    """One whose certificate is trusted."""
    authority, trusting = trustme.CA(), ssl.create_default_context()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    authority.configure_trust(trusting)
    monkeypatch.setattr(mailing, "trusted", lambda: trusting)
    opened = Parrot(tls)
    yield opened
    opened.close()


@pytest.fixture
def config(parrot: Parrot, tmp_path: Path) -> Path:
    return parrot.config(tmp_path / "collector.toml")


@pytest.fixture
def port(config: Path, tmp_path: Path) -> Iterator[Harbour]:
    """A collector with a channel of every kind, and an alert."""
    routes = (Route(name="all", wait_us=0, interval_us=0),)
    channels = load_settings(config).channels
    with harbour(tmp_path / "data", clock=Tide(), channels=channels, routes=routes) as running:
        with agent_at(running, tmp_path / "spool", "shop", alerts="all") as agent:
            give_baseline(agent)
            record_days(agent, REPLAY, [HEALTHY, BROKEN, BROKEN])
            running.ship(agent, end=True)
        running.settle()
        yield running


def answered(port: Harbour, after: int) -> dict[str, set[int | None]]:
    """By channel, what was answered to the attempts whose receipts came after that one; None where nothing was."""
    wanted = select(OutboxTableRow.channel, ReceiptRow.status_code).join(
        ReceiptRow, ReceiptRow.outbox_id == OutboxTableRow.id
    )
    found: dict[str, set[int | None]] = {}
    with port.collector.control._read() as session:
        for channel, code in session.execute(wanted.where(ReceiptRow.id > after, ReceiptRow.outcome != "expired")):
            found.setdefault(channel, set()).add(code)
    return found


def give(port: Harbour, channel: str) -> None:
    """Lets a channel have something to send now: its dead letters, what waits, else a test message."""
    control = port.collector.control
    for one in control.talks.dead(channel=channel):
        port.client.post(f"/api/v1/deliveries/{one.delivery_id}/resend")
    due_us, now_us = control.next_due_us(channels=[channel]), port.clock.now_us()
    if due_us is None:
        control.enqueue_test(channel, body=render_test(channel, now_us=now_us), now_us=now_us)
    elif due_us > now_us:
        port.clock.turn(minutes=(due_us - now_us) / 60e6)


def try_all(port: Harbour, parrot: Parrot, *, http: int, as_json: bool, smtp: int) -> None:
    """Returns when every channel has a receipt of an attempt that was answered so, however long that takes."""
    with port.collector.control._read() as session:
        last = session.scalar(select(func.max(ReceiptRow.id))) or 0
    parrot.status, parrot.as_json, parrot.smtp = http, as_json, smtp
    codes = {name: smtp if name == "to-email" else http for name in CHANNELS}
    wanted = {name: None if code == RESET else 250 if code == 235 else code for name, code in codes.items()}

    def has_all() -> bool:
        found = answered(port, last)
        missing = [name for name in CHANNELS if wanted[name] not in found.get(name, ())]
        for name in missing:
            give(port, name)
            port.client.post(f"/api/v1/channels/{name}/resume")
        return not missing

    port.until(has_all)


def has_tickets(port: Harbour) -> bool:
    """Whether the tools that are looked at keep something of the alert, whose message may still wait for its next try."""
    missing = [name for name in LOOKED_AT if not port.collector.control.talks.open_threads(name)]
    for name in missing:
        give(port, name)
        port.client.post(f"/api/v1/channels/{name}/resume")
        port.clock.turn(minutes=0.1)  # its pace may hold it back
    return not missing


def pages(port: Harbour) -> dict[str, httpx.Response]:
    """Every page and every answer of the API that is asked for with GET."""
    alert = port.get("/alerts")["items"][0]["id"]
    named = {"name": "shop", "id": str(alert), "prediction_id": "none"}
    paths = [route.path.format(**named) for route in ROUTES if route.method == "GET"]
    return {path: port.client.get(path) for path in (*paths, "/", "/deployments/shop", "/deployments/shop?lang=ja")}


def commands(config: Path, data: Path) -> Iterator[list[str]]:
    """Every command that shows channels, alerts or what was sent."""
    for told in (["list"], ["test"]):
        yield ["channels", *told, "--config", str(config)]
    yield ["channels", "dead", "--data", str(data)]
    yield ["check", str(config)]
    yield ["routes", "show", "--config", str(config)]
    yield ["routes", "test", "deployment=shop", "severity=failing", "--config", str(config)]
    for told in (["list", "--all"], ["show", "1"]):
        yield ["alerts", *told, "--data", str(data)]
    yield ["silences", "list", "--all", "--data", str(data)]
    yield ["doctor", "--data", str(data)]


def test_no_secret_of_a_channel_is_logged_stored_answered_or_printed(
    parrot: Parrot,
    config: Path,
    port: Harbour,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for theirs in ("httpx", "httpcore", "apscheduler"):  # the calls of this test, and a tick each second
        caplog.set_level(logging.WARNING, theirs)
    answers: dict[str, str] = {}

    for http, as_json, smtp in STAGES:
        try_all(port, parrot, http=http, as_json=as_json, smtp=smtp)
        if http in {401, 400}:
            answers |= {f"{path}, {http}": answer.text for path, answer in pages(port).items()}
            for command in commands(config, port.data):
                main(command)
    for status in (500, 200):
        parrot.status, parrot.is_well = status, False
        port.clock.turn(minutes=1)  # a channel is tested once in ten seconds
        for name in CHANNELS:
            answers[f"test of {name}, {status}"] = port.client.post(f"/api/v1/channels/{name}/test").text
            answers[f"{name} resumed"] = port.client.post(f"/api/v1/channels/{name}/resume").text
    parrot.is_well = True
    try_all(port, parrot, http=201, as_json=True, smtp=235)
    port.until(lambda: has_tickets(port))
    port.call(port.collector.polling.look())
    looked = port.collector.polling.counts
    assert [looked[name, "seen"] > 0 for name in LOOKED_AT] == [True, True], looked
    shown = pages(port)
    answers |= {path: answer.text for path, answer in shown.items()}
    for one in port.collector.control.talks.dead(limit=1):
        answers["sent again"] = port.client.post(f"/api/v1/deliveries/{one.delivery_id}/resend").text
    for name in CHANNELS:
        wrong = {"Authorization": "Bearer none", "X-Hub-Signature": "sha256=0", "X-Slack-Signature": "v0=0"}
        answers[f"call of {name}"] = port.client.post(f"/api/v1/inbound/{name}", json={}, headers=wrong).text
    for command in commands(config, port.data):
        assert main(command) in {0, 1}
    repeated = repr((port.collector.settings, port.collector.sender.channels))
    said = capfd.readouterr()

    places = {"log": caplog.text, "printed": said.out + said.err, "settings": repeated, **answers}
    assert {place for place, text in places.items() if holds(text.encode(errors="surrogateescape"))} == set()
    assert [path.name for path in port.data.rglob("*") if path.is_file() and holds(path.read_bytes())] == []
    heard = "".join(parrot.heard)
    for one in (*BASICS, PLAIN, PASSWORD, KEY, "of-slack", "of-the-path", "of-a-prefix", "of%2Bteams"):
        assert one in heard
    assert {path: answer.status_code for path, answer in shown.items() if answer.status_code >= 500} == {}
    assert said.out.count("***") > len(KINDS)
    assert any("***" in answers[f"/api/v1/channels, {http}"] for http in (401, 400))


def holds(content: bytes) -> bool:
    """Whether any secret is in it."""
    return any(one.encode() in content for one in SECRETS)
