import base64
from datetime import UTC, datetime

import hypothesis.strategies as st
import pytest
import standardwebhooks
from hypothesis import HealthCheck, given, settings

from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.signing import signed_headers, signing_key

untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def secret_of(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


def test_the_signature_is_the_one_of_the_standards_own_example():
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", channel="ops")

    headers = signed_headers([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', now_s=1614265330)

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@untimed
@given(key=st.binary(min_size=24, max_size=64), text=st.text(), now_s=st.integers(0, 4_000_000_000))
def test_signatures_equal_those_of_the_reference_library(key, text, now_s):
    secret = secret_of(key)

    ours = signed_headers([signing_key(secret, channel="ops")], "msg_1", text.encode(), now_s=now_s)

    at = datetime.fromtimestamp(now_s, UTC)
    assert ours["webhook-signature"] == standardwebhooks.Webhook(secret).sign("msg_1", at, text)


def test_while_keys_are_exchanged_a_receiver_may_know_either():
    new, old = secret_of(b"n" * 32), secret_of(b"o" * 32)
    keys = [signing_key(secret, channel="ops") for secret in (new, old)]
    now = datetime.now(UTC)

    headers = signed_headers(keys, "msg_1", b"{}", now_s=int(now.timestamp()))

    assert [standardwebhooks.Webhook(secret).verify("{}", headers) for secret in (new, old)] == [{}, {}]


@untimed
@given(key=st.binary(min_size=24, max_size=64))
def test_a_key_is_read_with_and_without_padding(key):
    secret = secret_of(key)

    assert signing_key(secret, channel="ops") == signing_key(secret.rstrip("="), channel="ops") == key


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("", "does not begin with whsec_"),
        (base64.b64encode(b"k" * 32).decode(), "does not begin with whsec_"),
        ("whsec_", "0 bytes"),
        (secret_of(b"k" * 23), "23 bytes; 24 to 64"),
        (secret_of(b"k" * 65), "65 bytes; 24 to 64"),
        ("whsec_canary-not!base64", "not base64"),
        ("whsec_cänäry", "not base64"),
    ],
)
def test_a_secret_that_is_no_key_is_refused_without_being_repeated(secret, said):
    with pytest.raises(ConfigError, match=said) as refused:
        signing_key(secret, channel="ops")

    assert "'ops'" in str(refused.value)
    assert len(secret) <= 6 or secret.removeprefix("whsec_") not in str(refused.value)
