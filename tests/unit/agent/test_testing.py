"""The double for users' tests: agents made in the block, agents made before, and nothing left behind."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import tidegauge
from tidegauge.process import PROCESS
from tidegauge.testing import capture

MakeAgent = Callable[..., tidegauge.Agent]


def test_agents_made_in_the_block_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGAUGE_SPOOL", "/nowhere")
    monkeypatch.setenv("TIDEGAUGE_ENABLED", "false")
    before = PROCESS.roots()

    with capture() as seen:
        agent = tidegauge.init("flights-delay", spool="/also/nowhere", shipper="process")
        agent.watch(lambda row: 0.5)({"x": 1.0})
        agent.event("cache cold")
        place = Path(agent.settings.spool)

        assert (seen.rows(), seen.events(), agent.settings.shipper) == (1, ["cache cold"], "none")

    assert not place.exists()
    assert PROCESS.roots() == before
    assert os.environ["TIDEGAUGE_SPOOL"] == "/nowhere"
    assert os.environ["TIDEGAUGE_ENABLED"] == "false"


def test_of_an_agent_made_before_only_what_came_in_the_block_is_seen(make_agent: MakeAgent) -> None:
    agent = make_agent()
    predict = agent.watch(lambda row: 0.5)
    predict({"x": 1.0})

    with capture(agent) as seen:
        assert seen.rows() == 0
        predict({"x": 2.0})
        assert (seen.rows(), seen.column("x").minimum) == (1, 2.0)
        predict({"x": 3.0})
        assert seen.rows() == 2


def test_an_unknown_column_is_named_with_those_that_there_are(make_agent: MakeAgent) -> None:
    agent = make_agent()

    with capture(agent) as seen:
        agent.watch(lambda row: 0.5)({"distance": 1.0})

        with pytest.raises(
            KeyError, match=r"no column 'distnce' was captured; there are \['_prediction', 'distance'\]"
        ):
            seen.column("distnce")
