"""Does a service notice the wrap? Looked at from inside a process of its own, whose model is a plain function.

    python -m flights_demo.isolation PLAN

scikit-learn itself imports scipy, so the demo's workers could not tell who loaded it: the modules are listed here before any model
library is imported. Nothing is shipped (`shipper="none"`): what is loaded and how calls behave does not depend on it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tidegauge

HEAVY = ("grpc", "duckdb", "scipy", "pandas", "sklearn")


def plain_model(row: Mapping[str, float]) -> float:
    """A model that needs no library."""
    return row["distance"] / 1_000


def loaded_by_the_agent(spool: str) -> list[str]:
    """Which of the heavy modules are there after init, watch, predict and flush."""
    agent = tidegauge.init("isolation", spool=spool, shipper="none")
    predict = agent.watch(plain_model)
    predict({"distance": 430.0})
    agent.flush()
    return [name for name in HEAVY if name in sys.modules]


def behaviour(call: Callable[[Any], Any], inputs: Any) -> tuple[str, Any]:
    """What a caller sees: ("answered", result) or the exception's type and text."""
    try:
        return "answered", call(inputs)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is to be the same on both sides
        return type(error).__name__, str(error)


def is_transparent(plan_file: Path, spool: str) -> bool:
    """Whether the demo's model answers and fails the same with and without the wrap, on its own flights."""
    import pickle  # noqa: PLC0415 - all of these only after the modules were listed

    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    from flights_demo.data import FEATURES  # noqa: PLC0415
    from flights_demo.plan import load_plan  # noqa: PLC0415

    plan = load_plan(plan_file)
    model = pickle.loads(plan.model_file.read_bytes())
    rows = pd.read_pickle(plan.replay_file).head(500)[FEATURES]
    watched = tidegauge.init("isolation", spool=spool, shipper="none").watch(model)
    bad = [rows.drop(columns="hour"), rows.iloc[:0], "no table"]
    answers = [(behaviour(model.predict_proba, one), behaviour(watched.predict_proba, one)) for one in (rows, *bad)]
    same = all(b[0] == w[0] and np.array_equal(b[1], w[1]) for b, w in answers)
    failed = all(bare[0] != "answered" for bare, _ in answers[1:])
    return same and failed and isinstance(watched, type(model))


def look(plan_file: Path) -> Mapping[str, Any]:
    """Both answers, the modules first."""
    with tempfile.TemporaryDirectory() as spool:
        return {"loaded": loaded_by_the_agent(spool), "transparent": is_transparent(plan_file, spool)}


def main(arguments: Sequence[str]) -> None:
    """Entry point of the process."""
    found = look(Path(arguments[0]))
    from flights_demo.worker import tell  # noqa: PLC0415

    tell("isolation", **found)


if __name__ == "__main__":
    main(sys.argv[1:])
