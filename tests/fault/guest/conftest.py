"""A berth for each test: see `berth.py`."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

for _name in ("berth", "load"):
    if f"guest_{_name}" not in sys.modules:
        _spec = importlib.util.spec_from_file_location(f"guest_{_name}", Path(__file__).with_name(f"{_name}.py"))
        assert _spec is not None
        assert _spec.loader is not None
        sys.modules[f"guest_{_name}"] = importlib.util.module_from_spec(_spec)
        _spec.loader.exec_module(sys.modules[f"guest_{_name}"])

from guest_berth import Berth  # noqa: E402 - loaded above


@pytest.fixture
def berth(tmp_path: Path) -> Iterator[Berth]:
    """A place for one host; nothing that was started in it outlasts the test."""
    berth = Berth(tmp_path)
    yield berth
    berth.clear()
