import importlib.util
import sys
from pathlib import Path

FRAMES = Path(__file__).parents[2] / "integration/agent/frames.py"

if "agent_frames" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("agent_frames", FRAMES)
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules["agent_frames"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["agent_frames"])
