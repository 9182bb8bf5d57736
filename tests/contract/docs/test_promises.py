"""The promises of the README that speak of the whole agent: the host notices nothing, and every row is accounted for."""

import os
import subprocess
import sys

import pytest

from tidegauge.capture import MAX_BYTES, MAX_CALLS
from tidegauge.worker.cells import MAX_CELLS, MAX_NAMES

from .pages import text_of

HOST = '''
import asyncio, pickle, sys
import numpy as np
import tidegauge

class Model:
    """What a host might call: returns, raises and keeps state."""

    def __init__(self):
        self.calls = []

    def predict(self, X, *, scale=1.0):
        self.calls.append(len(X))
        if len(X) == 3:
            raise KeyError("three")
        return [scale * sum(row) for row in X]

class Hostile:
    """An input that breaks whoever looks at it."""

    def __len__(self):
        raise RuntimeError("do not look")

    def __iter__(self):
        raise RuntimeError("do not look")

bare, agent = Model(), tidegauge.init("host", version="1")
model = agent.watch(bare)
assert isinstance(model, Model)
assert model.predict([[1, 2], [3, 4]], scale=2.0) == [6.0, 14.0]
try:
    model.predict([[0]] * 3)
    raise AssertionError("the model's exception was swallowed")
except KeyError as error:
    assert error.args == ("three",)
assert bare.calls == [2, 3]
assert type(pickle.loads(pickle.dumps(model))) is Model

@agent.watch
def pass_on(value):
    return value

hostile = Hostile()
assert pass_on(hostile) is hostile
for value in (None, float("nan"), 2**80, object, {"a": [1, {}]}, np.array([[np.inf, "x"]], dtype=object), "\\ud800"):
    assert pass_on(value) is value

@agent.watch
async def later(value):
    await asyncio.sleep(0)
    return value + 1

assert asyncio.run(later(1)) == 2
assert not {"grpc", "pandas", "scipy", "duckdb"} & set(sys.modules)
'''
ROWS = """
import numpy as np
import tidegauge

agent = tidegauge.init("rows", version="1", id_column="id")
predict = agent.watch(lambda row: row["x"] > 0)
rng = np.random.default_rng(7)
for i in range(2_000):
    predict({"id": i, "x": float(rng.normal())})
agent.record(rng.normal(size=(500, 2)), rng.normal(size=500))
agent.flush()
status = agent.status()
assert status["captured"] == 2_500, status
assert status["captured"] == status["sealed"] + sum(status["dropped"].values()), status
assert status["counters"]["faults"] == 0, status
"""


def _run(script, spool):
    environment = {
        **os.environ,
        "TIDEGAUGE_COLLECTOR": "grpc://127.0.0.1:1",  # nobody listens there
        "TIDEGAUGE_SPOOL": str(spool),
        "TIDEGAUGE_SHIPPER": "none",
    }
    return subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=250, check=False
    )


@pytest.mark.parametrize("spool", ["good", "unwritable"])
def test_the_host_gets_its_results_and_exceptions_and_no_grpc(tmp_path, spool):
    directory = tmp_path / "spool"
    if spool == "unwritable":
        directory = tmp_path / "file" / "spool"
        (tmp_path / "file").write_text("a file in the place of a directory")

    done = _run(HOST, directory)

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_captured_rows_are_sealed_or_counted_as_dropped(tmp_path):
    done = _run(ROWS, tmp_path / "spool")

    assert done.returncode == 0, done.stderr


def test_the_limits_in_the_readme_are_those_of_the_code():
    readme = text_of("README.md")

    assert f"{MAX_CALLS:,} small calls and {MAX_BYTES // 2**20} MiB in all" in readme
    assert f"{MAX_CELLS:,} cells" in readme
    assert f"{MAX_NAMES:,} unknown category names" in readme
