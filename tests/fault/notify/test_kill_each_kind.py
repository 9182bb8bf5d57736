"""A sender killed between a provider's answer and its receipt, for each kind that keeps tickets: one ticket all the same."""

import importlib.util
import sys
from pathlib import Path

import pytest

_path = Path(__file__).parents[2] / "integration" / "notify" / "channels" / "conftest.py"
_spec = importlib.util.spec_from_file_location("notify_channel_fixtures", _path)
_fixtures = importlib.util.module_from_spec(_spec)
sys.modules["notify_channel_fixtures"] = _fixtures
_spec.loader.exec_module(_fixtures)
desk = _fixtures.desk


class Killed(BaseException):
    """Nothing that is under way goes on, as after kill -9."""


@pytest.mark.parametrize(
    "desk", ["jira", "jira_dc", "servicenow", "servicenow_events", "pagerduty", "opsgenie"], indirect=True
)
@pytest.mark.parametrize("when", ["before the note", "before the receipt"])
async def test_what_was_done_and_not_noted_is_found_again(desk, when, monkeypatch):
    def die(*_, **__):
        raise Killed

    desk.tell("firing")
    with monkeypatch.context() as patched:
        if when == "before the note":
            patched.setattr(desk.store.talks, "remember", die)
        for name in ("delivered", "retry_at"):
            patched.setattr(desk.store, name, die)
        with pytest.raises(Killed):
            await desk.sender.deliver_due()

    desk.start()  # what the process before knew is gone
    await desk.settle()
    desk.tell("resolved")
    await desk.settle()

    assert desk.over == [True]
    assert desk.statuses == ["delivered", "delivered"]
