"""The tests of faults use the receiver and the clock of the integration tests."""

import importlib.util
import sys
from pathlib import Path

_path = Path(__file__).parents[2] / "integration" / "notify" / "conftest.py"
_spec = importlib.util.spec_from_file_location("notify_fixtures", _path)
_fixtures = importlib.util.module_from_spec(_spec)
sys.modules["notify_fixtures"] = _fixtures
_spec.loader.exec_module(_fixtures)

clock, receiver, path, store = _fixtures.clock, _fixtures.receiver, _fixtures.path, _fixtures.store
alerting, sender, new_sender = _fixtures.alerting, _fixtures.sender, _fixtures.new_sender
