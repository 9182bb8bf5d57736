import inspect
from collections.abc import Callable
from typing import Any

import agent_frames as view
import pytest

import tidegauge

from .models import BUILDERS, Case


@pytest.fixture
def make_case(tmp_path: Any) -> Callable[[str], Case]:
    """Makes a case of `models.py` by its name."""

    def make(name: str) -> Case:
        builder = BUILDERS[name]
        return builder(*([tmp_path] if inspect.signature(builder).parameters else []))

    return make


@pytest.fixture
def sealed(spooled: Any) -> Callable[[tidegauge.Agent], dict[str, Any]]:
    """What an agent has sealed: each column's profile by name, after a flush. Nothing may have been dropped."""

    def read(agent: tidegauge.Agent) -> dict[str, Any]:
        agent.flush()
        status = agent.status()
        assert status["dropped"] == {}
        assert status["counters"]["faults"] == 0
        frames = spooled(agent)
        names = {column.name for body in view.profiles(frames) for column in body.columns}
        return {name: view.column(frames, name) for name in names}

    return read


@pytest.fixture
def weighed(spooled: Any) -> Callable[[tidegauge.Agent], dict[str, float]]:
    """The importance of features in an agent's baseline, after a flush."""

    def read(agent: tidegauge.Agent) -> dict[str, float]:
        agent.flush()
        parts = [frame.baseline for frame in spooled(agent) if frame.WhichOneof("body") == "baseline"]
        return {one.column: one.weight for part in parts for one in part.importance}

    return read
