import importlib.util
import sys
from pathlib import Path

GOLDEN = Path(__file__).parents[2] / "golden/wire"

for _name in ("examples", "describe"):
    if f"golden_{_name}" not in sys.modules:
        _spec = importlib.util.spec_from_file_location(f"golden_{_name}", GOLDEN / f"{_name}.py")
        assert _spec is not None
        assert _spec.loader is not None
        sys.modules[f"golden_{_name}"] = importlib.util.module_from_spec(_spec)
        _spec.loader.exec_module(sys.modules[f"golden_{_name}"])
