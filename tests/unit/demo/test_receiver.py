import json
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from flights_demo.receiver import Receiver, new_secret, signature_problem

NOW = 1_700_000_000
BODY = json.dumps({"type": "alert.firing", "data": {"alert_key": "abc"}})


def signed(secret, body=BODY, *, at=NOW):
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(at, UTC), body)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": signature}


@pytest.fixture
def secret():
    return new_secret()


@pytest.fixture
def receiver(secret):
    running = Receiver(secret, clock=lambda: NOW)
    yield running
    running.close()


def post(receiver, headers, body=BODY):
    request = urllib.request.Request(receiver.url, data=body.encode(), headers=headers, method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status


def test_what_the_standards_own_library_signed_is_accepted_and_kept(receiver, secret):
    assert post(receiver, signed(secret)) == 204

    (message,) = receiver.messages()
    assert (message.id, message.type, message.problem) == ("msg_1", "alert.firing", "")
    assert message.body["data"] == {"alert_key": "abc"}


def test_a_body_that_was_changed_is_refused_and_kept_with_the_reason(receiver, secret):
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        post(receiver, signed(secret), BODY.replace("abc", "abd"))
    refused.value.close()

    assert receiver.messages()[0].problem == "webhook-signature does not fit the body"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"webhook-signature": None}, "webhook-signature is missing"),
        ({"webhook-timestamp": str(NOW - 301)}, "more than 300 s away"),
        ({"webhook-timestamp": "soon"}, "more than 300 s away"),
        ({"webhook-id": "msg_2"}, "does not fit"),
    ],
)
def test_each_header_matters(secret, change, problem):
    headers = {name: value for name, value in (signed(secret) | change).items() if value is not None}

    assert problem in signature_problem(secret, headers, BODY.encode(), now_s=NOW)


def test_one_of_several_signatures_is_enough(secret):
    headers = signed(secret)
    headers["webhook-signature"] = f"v1,AAAA {headers['webhook-signature']}"

    assert signature_problem(secret, headers, BODY.encode(), now_s=NOW) == ""


def test_another_secret_is_refused(secret):
    assert signature_problem(new_secret(), signed(secret), BODY.encode(), now_s=NOW) != ""


def test_a_signed_body_that_is_no_json_is_refused(receiver, secret):
    assert receiver.take(signed(secret, "no json"), b"no json") == 401
    assert receiver.messages()[0].problem == "the body is not JSON"
