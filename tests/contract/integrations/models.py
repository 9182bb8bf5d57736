"""A small model of each library, fitted alike, and what calls of it look like. Deterministic."""

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

NAMES = ["distance", "delay", "load"]
X = np.random.default_rng(7).normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)
FRAME = pd.DataFrame(X, columns=NAMES)
NO_TORCH = "PyTorch is not installed: run `make torch`"


def torch_or_skip() -> Any:
    """PyTorch, which is not in the lock; without it the test is skipped, but in CI it fails where there are wheels."""
    try:
        import torch
    except ImportError:
        if os.environ.get("CI") == "true" and sys.version_info < (3, 14):
            pytest.fail(NO_TORCH)
        pytest.skip(NO_TORCH)
    return torch


@dataclass(frozen=True)
class Case:
    """A model, the method that answers, and calls of it by name: `good` answers, the others may raise.

    `columns` and `answers` are what the good call of `rows` rows has to leave in the spool.
    """

    model: Any
    method: str
    calls: dict[str, tuple[Any, ...]]
    columns: set[str]
    answers: set[str]
    rows: int = 60
    keywords: dict[str, Any] = field(default_factory=dict)

    def ask(self, model: Any, call: str) -> Any:
        """The answer of this call by a model."""
        return getattr(model, self.method)(*self.calls[call], **self.keywords)


def tables(good: Any = X) -> dict[str, tuple[Any, ...]]:
    """Calls with one table."""
    wrong = np.array([["a", "b", "c"]], dtype=object)
    holes = np.where(np.arange(180).reshape(60, 3) % 7 == 0, np.nan, X)
    return {
        "good": (good,),
        "narrow": (X[:, :2],),
        "flat": (X[0],),
        "holes": (holes,),
        "text": (wrong,),
        "none": (None,),
    }


def sklearn_classifier() -> Case:
    from sklearn.linear_model import LogisticRegression

    return Case(LogisticRegression().fit(FRAME, Y), "predict_proba", tables(FRAME), {*NAMES}, {"_prediction"})


def sklearn_pipeline() -> Case:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), Ridge()).fit(FRAME, X[:, 1])
    return Case(model, "predict", tables(FRAME), {*NAMES}, {"_prediction"})


def xgboost_classifier() -> Case:
    from xgboost import XGBClassifier

    model = XGBClassifier(n_estimators=3, n_jobs=1).fit(FRAME, Y)
    return Case(model, "predict", tables(FRAME), {*NAMES}, {"_prediction_label"})


@cache
def xgboost_model() -> Any:
    import xgboost

    options = {"objective": "binary:logistic", "nthread": 1}
    return xgboost.train(options, xgboost.DMatrix(FRAME, label=Y), num_boost_round=3)


def xgboost_booster() -> Case:
    import xgboost

    calls = {name: (xgboost.DMatrix(table),) for name, (table,) in tables(FRAME).items() if name in {"good", "holes"}}
    narrow = {"narrow": (xgboost.DMatrix(FRAME[NAMES[:2]]),), "text": ("a",), "none": (None,), "array": (X,)}
    return Case(xgboost_model(), "predict", calls | narrow, {*NAMES}, {"_prediction"})


def xgboost_inplace() -> Case:
    calls = {**tables(FRAME)}
    return Case(xgboost_model(), "inplace_predict", calls, {*NAMES}, {"_prediction"})


def lightgbm_regressor() -> Case:
    from lightgbm import LGBMRegressor

    model = LGBMRegressor(n_estimators=3, n_jobs=1, verbose=-1).fit(FRAME, X[:, 1])
    return Case(model, "predict", tables(FRAME), {*NAMES}, {"_prediction"})


def lightgbm_booster() -> Case:
    import lightgbm

    options = {"objective": "multiclass", "num_class": 3, "num_threads": 1, "verbose": -1}
    model = lightgbm.train(options, lightgbm.Dataset(FRAME, label=np.arange(60) % 3), num_boost_round=2)
    scores = {f"_prediction.{i}" for i in range(3)}
    return Case(model, "predict", tables(FRAME), {*NAMES}, {*scores, "_prediction_label"})


def torch_module() -> Case:
    torch = torch_or_skip()
    torch.manual_seed(7)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    calls = {
        name: (torch.tensor(np.asarray(table, dtype=np.float32)),)
        for name, (table,) in tables().items()
        if name in {"good", "narrow", "flat", "holes"}
    }
    wrong = {"double": (torch.tensor(X),), "array": (X,), "none": (None,), "nothing": ()}
    return Case(model, "__call__", calls | wrong, {"f0", "f1", "f2"}, {"_prediction"})


def session(*nodes: Any, inputs: Any, outputs: Any, constants: Any = ()) -> Any:
    """An ONNX Runtime session of a graph: `inputs` and `outputs` map names to (type, shape), or None for a dict a row."""
    import onnx
    import onnxruntime
    from onnx import helper

    tensor = helper.make_tensor_type_proto
    maps = helper.make_sequence_type_proto(helper.make_map_type_proto(onnx.TensorProto.STRING, tensor(1, None)))

    def told(named: dict[str, Any]) -> list[Any]:
        return [helper.make_value_info(name, tensor(*one) if one else maps) for name, one in named.items()]

    graph = helper.make_graph(list(nodes), "graph", told(inputs), told(outputs), list(constants))
    sets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=sets, ir_version=9)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def onnx_session() -> Case:
    from onnx import TensorProto, helper

    weights = helper.make_tensor("weights", TensorProto.FLOAT, [3, 1], [0.5, -1.0, 2.0])
    node = helper.make_node("MatMul", ["rows", "weights"], ["score"])
    model = session(
        node,
        inputs={"rows": (TensorProto.FLOAT, [None, 3])},
        outputs={"score": (TensorProto.FLOAT, [None, 1])},
        constants=[weights],
    )
    numbers = {name: table for name, (table,) in tables().items() if name in {"good", "narrow", "flat", "holes"}}
    calls = {name: (None, {"rows": table.astype(np.float32)}) for name, table in numbers.items()}
    wrong = {"double": (None, {"rows": X}), "unknown": (["sum"], {"rows": X}), "none": (None, None), "nothing": ()}
    return Case(model, "run", calls | wrong, {"f0", "f1", "f2"}, {"_prediction"})


@contextlib.contextmanager
def quiet() -> Any:
    """Without what MLflow says when a model is saved, to us and to its makers."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def mlflow_pyfunc(directory: Path) -> Case:
    with quiet():
        import mlflow.pyfunc
        from mlflow.models import infer_signature

        class Ratio(mlflow.pyfunc.PythonModel):
            def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.Series:
                return model_input["delay"] / model_input["distance"]

        path = str(directory / "pyfunc")
        signature = infer_signature(FRAME, X[:, 0])
        mlflow.pyfunc.save_model(path, python_model=Ratio(), signature=signature, pip_requirements=[])
        model = mlflow.pyfunc.load_model(path)
    calls = {name: one for name, one in tables(FRAME).items() if name in {"good", "none"}}
    wrong = {"narrow": (FRAME[NAMES[:2]],), "text": (FRAME.astype(str),), "array": (X,)}
    return Case(model, "predict", calls | wrong, {*NAMES}, {"_prediction"})


def plain_function() -> Case:
    def score(rows: Any, weight: float = 2.0) -> Any:
        return np.asarray(rows, dtype=float)[:, 0] * weight

    return Case(
        score, "__call__", {**tables(FRAME), "nothing": ()}, {*NAMES}, {"_prediction"}, keywords={"weight": 0.5}
    )


BUILDERS: dict[str, Callable[..., Case]] = {
    one.__name__: one
    for one in (
        *(sklearn_classifier, sklearn_pipeline, xgboost_classifier, xgboost_booster, xgboost_inplace),
        *(lightgbm_regressor, lightgbm_booster, torch_module, onnx_session, mlflow_pyfunc, plain_function),
    )
}
