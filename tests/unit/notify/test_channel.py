import json
from urllib.parse import quote

import pytest

from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify import WebhookChannel
from tidegauge_collector.notify.channel import Endpoint

SECRET = "whsec_" + "C2FuYXJ5" * 4


def test_neither_url_nor_secret_shows_in_a_repr():
    channel = WebhookChannel("ops", "https://hooks.example/t0ken?sig=canary", SECRET, previous_secret=SECRET)

    assert repr(channel).startswith("WebhookChannel(name='ops', allow=(), format='standard', voice=")
    assert not any(each in repr((channel, channel.endpoint)) for each in ("t0ken", "canary", "C2Fu"))


def test_redaction_takes_url_path_query_and_secret_out_of_a_text():
    channel = WebhookChannel("ops", "https://hooks.example/t0ken?sig=c%20anary", SECRET)

    text = channel.endpoint.redact(f"POST /t0ken?sig=c%20anary to {channel.url}, sig c anary, key {SECRET}")

    assert not any(each in text for each in ("t0ken", "anary", "C2Fu"))
    assert text.startswith("POST ***")


@pytest.mark.parametrize(
    "url", ["", "hooks.example", "ftp://hooks.example/", "https://", "http://[::1", "file:///etc/x"]
)
def test_a_url_that_nothing_can_be_posted_to_is_refused(url):
    with pytest.raises(ConfigError, match="url of channel 'ops'"):
        WebhookChannel("ops", url, SECRET)


def test_a_channel_checks_its_secret_when_it_is_made():
    with pytest.raises(ConfigError, match="secret of channel 'ops'"):
        WebhookChannel("ops", "https://hooks.example/", "hunter2")


def test_redaction_takes_a_secret_out_as_others_write_it():
    channel = WebhookChannel("ops", "https://hooks.example/services/T0/l0ng-token-of-a-path", SECRET + "/+A=")
    key = (SECRET + "/+A=").removeprefix("whsec_")

    said = [
        key,
        json.dumps({"key": key}).replace("/", "\\/"),
        quote(key, safe=""),
        "no l0ng-token-of-a-path in services",
    ]
    texts = [channel.endpoint.redact(one) for one in said]

    assert texts == ["***", '{"key": "***"}', "***", "no *** in services"]


def test_redaction_of_a_secret_that_holds_another_leaves_no_rest():
    endpoint = Endpoint("ops", "https://hooks.example/", ("abcd", "abcdefgh", "Basic Ym90OmFiY2Q="))

    assert endpoint.redact("abcdefgh, abcd, Ym90OmFiY2Q=") == "***, ***, ***"
