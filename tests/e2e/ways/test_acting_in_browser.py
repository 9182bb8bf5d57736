"""People act in a real Chromium over a running collector: by mouse and keyboard, in both languages, on a laptop and on a phone."""

import pytest
from collector_harbour import Harbour

from .conftest import Visiting
from .looks import Look
from .town import silenced, untouched

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("look", [Look("en", 1280, "light"), Look("ja", 390, "dark")], ids=["laptop", "phone"]),
]


def test_an_alert_is_taken_from_the_inbox_by_keyboard(visit: Visiting, port: Harbour, look: Look) -> None:
    number = untouched(port)["id"]
    with visit(look) as here:
        here.go("/alerts")

        here.page.locator(f"input[name=alert][value='{number}']").focus()
        here.page.keyboard.press("Space")
        here.page.locator("input[name=actor]").fill("anna")
        here.page.keyboard.press("Enter")
        here.page.locator(".notice-done").wait_for()
        here.whole()

        assert port.get(f"/alerts/{number}")["acknowledged_by"] == "anna (http 127.0.0.1)"
        assert here.page.locator("input[name=actor]").first.input_value() == "anna"


def test_an_alert_is_commented_and_silenced_on_its_page(visit: Visiting, port: Harbour, look: Look) -> None:
    number, comment = untouched(port)["id"], f"the feed is late <script> {look}"
    with visit(look) as here:
        here.go(f"/alerts/{number}")

        here.page.locator("input[name=actor]").first.fill("bo")
        here.page.locator("textarea[name=text]").fill(comment)
        here.press(here.page.locator("button[value=comment]"))
        here.sees(here.page.locator(".notice-done"))
        told = here.page.locator(".timeline q").first.inner_text()
        here.press(here.page.locator("button[value=silence]"))
        here.sees(here.page.locator(".notice-done"))

        assert told.strip('"“”') == comment
        (said,) = [one for one in port.get(f"/alerts/{number}")["events"] if one.get("text") == comment]
        assert said["actor"] == "bo (http 127.0.0.1)"
        (silence,) = silenced(port)
        here.go("/silences")
        here.press(here.page.locator("tr", has_text="amount").locator("button[value=end]"))
        here.sees(here.page.locator(".notice-done"))
        assert silenced(port) == []
        assert silence["created_by"] == "bo (http 127.0.0.1)"


def test_what_is_refused_is_said_on_the_page(visit: Visiting, port: Harbour, look: Look) -> None:
    with visit(look, allowed=(400,)) as here:
        here.go("/silences")

        here.page.locator("input[name=deployment]").fill("shop")
        here.page.locator("input[name=duration]").fill("for ever")
        with here.page.expect_response(lambda answer: answer.request.method == "POST") as answered:
            here.page.locator("button[value=create]").click()
        here.whole()
        here.sees(here.page.locator(".notice-failing[role=alert]:visible"))

        assert answered.value.status == 400
        assert here.page.locator("input[name=deployment]").input_value() == "shop"
        assert silenced(port) == []
        here.go("/channels")
        assert here.page.locator("article").count() > 0
