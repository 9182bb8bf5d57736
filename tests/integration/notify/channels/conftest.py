"""Every kind of channel before a provider of its own, on a clock that stands still; messages of threads as telling puts them there."""

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PARENT = HERE.parent


def load(name, path):
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


demo = str(Path(__file__).parents[4] / "deploy" / "demo")
if demo not in sys.path:
    sys.path.insert(0, demo)
_fixtures = load("notify_fixtures", PARENT / "conftest.py")
load("notify_bodies", PARENT / "bodies.py")
load("notify_strict", PARENT / "strict.py")
for fake in ("pagerduty", "opsgenie", "boards", "smtp"):
    load(f"fake_{fake}", PARENT / "fakes" / f"{fake}.py")
desks = load("notify_desks", HERE / "desks.py")

clock, path, store = _fixtures.clock, _fixtures.path, _fixtures.store


@pytest.fixture
async def desk(request, clock, store):
    """The desk of the kind that the test names as its parameter."""
    made = desks.DESKS[request.param]()
    await made.open(store, clock)
    yield made
    await made.close()
    assert made.provider.problems == []
