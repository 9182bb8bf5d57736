"""Every example of docs/integrations.md runs as it stands, and the spool has what the page says."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import agent_frames as view
import pytest

from .models import torch_or_skip

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/integrations.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^<!-- example: ([\w-]+) -->\n```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
FLIGHT = {"distance", "delay"}
CALLERS = {
    "fastapi": """
import asyncio, httpx

async def ask():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        for i in range(20):
            reply = await client.get(f"/late/{i}", headers={"X-Consumer": "ops", "X-Request-ID": f"request-{i}"})
            assert reply.json() == i / 1_000

asyncio.run(ask())
""",
    "flask": """
for i in range(20):
    assert app.test_client().get(f"/late/{i}", headers={"X-Consumer": "ops"}).json == {"late": i / 1_000}
""",
}
SEALED = {  # rows, columns besides the answers, answers
    "sklearn": (150, None, {"_prediction.0", "_prediction.1", "_prediction.2", "_prediction_label"}),
    "xgboost": (200, FLIGHT, {"_prediction"}),
    "lightgbm": (200, FLIGHT, {"_prediction"}),
    "torch": (64, FLIGHT, {"_prediction"}),
    "onnxruntime": (64, FLIGHT, {"_prediction"}),
    "mlflow": (150, None, {"_prediction_label"}),
    "function": (100, {"distance", "carrier"}, {"_prediction"}),
    "fastapi": (20, {"distance"}, {"_prediction"}),
    "flask": (20, {"distance"}, {"_prediction"}),
}


def test_every_block_has_a_name_and_is_run_here() -> None:
    assert PAGE.count("```python\n") == len(EXAMPLES)
    assert sorted(EXAMPLES) == sorted(SEALED)


@pytest.mark.parametrize("name", SEALED)
def test_an_example_runs_and_seals_what_the_page_says(name: str, tmp_path: Path, spool_reader: Any) -> None:
    if name == "torch":
        torch_or_skip()

    run(EXAMPLES[name] + CALLERS.get(name, ""), tmp_path)

    frames = [one.frame for root in (tmp_path / "spool").iterdir() for one in spool_reader(root)]
    columns = {c.name: c.rows for body in view.profiles(frames) for c in body.columns}
    rows, features, answers = SEALED[name]
    assert {column for column in columns if column.startswith("_")} == answers
    assert features is None or {column for column in columns if not column.startswith("_")} == features
    assert set(columns.values()) == {rows}
    if name in CALLERS:
        assert view.column(frames, "_consumer", length_s=view.MINUTE_S).names == {"ops": 20}
        assert sum(found.rows for found in view.records(frames)) == (20 if name == "fastapi" else 0)


def run(code: str, directory: Path) -> None:
    (directory / "example.py").write_text(code, encoding="utf-8")
    quiet = {
        "TIDEGAUGE_SPOOL": str(directory / "spool"),
        "TIDEGAUGE_SHIPPER": "none",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "example.py"],
        cwd=directory,
        env={**os.environ, **quiet},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "tidegauge" not in done.stderr
