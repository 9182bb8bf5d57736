import importlib.util
import sys
from pathlib import Path

if "agent_strategies" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("agent_strategies", Path(__file__).with_name("strategies.py"))
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules["agent_strategies"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["agent_strategies"])
