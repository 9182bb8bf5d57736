import importlib.util
import sys
from pathlib import Path

import pytest

if "control_timeline" not in sys.modules:  # the tests of notify use it too, from another folder
    _spec = importlib.util.spec_from_file_location("control_timeline", Path(__file__).with_name("timeline.py"))
    sys.modules["control_timeline"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["control_timeline"])


@pytest.fixture
def store(tmp_path):
    opened = sys.modules["control_timeline"].fresh_store(tmp_path / "control.sqlite")
    yield opened
    opened.close()
