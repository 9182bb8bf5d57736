"""ONNX Runtime: a watched session is a session; inputs by name become columns, outputs become answers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

import tidegauge

from .models import X, session

MakeAgent = Callable[..., tidegauge.Agent]
FLOAT, TEXT, WHOLE = TensorProto.FLOAT, TensorProto.STRING, TensorProto.INT64
ROWS = X.astype(np.float32)


def sums_by_name() -> Any:
    """Two inputs, one a matrix; two outputs."""
    nodes = [
        helper.make_node("ReduceSum", ["pair", "axes"], ["sum"], keepdims=1),
        helper.make_node("Add", ["sum", "single"], ["total"]),
    ]
    axes = helper.make_tensor("axes", WHOLE, [1], [1])
    return session(
        *nodes,
        inputs={"pair": (FLOAT, [None, 2]), "single": (FLOAT, [None, 1])},
        outputs={"sum": (FLOAT, [None, 1]), "total": (FLOAT, [None, 1])},
        constants=[axes],
    )


def classifier(*, as_dicts: bool, scores: str = "SOFTMAX") -> Any:
    """As converters from scikit-learn write one: a label, and scores as a matrix or (ZipMap) as a list of dicts."""
    ml, names = "ai.onnx.ml", ["early", "late", "lost"]
    weights = {
        "coefficients": [*np.eye(3).ravel().tolist()],
        "intercepts": [0.0] * 3,
        "classlabels_strings": names,
        "post_transform": scores,
    }
    nodes = [helper.make_node("LinearClassifier", ["rows"], ["label", "scores"], domain=ml, multi_class=1, **weights)]
    told = {"label": (TEXT, [None]), "scores": (FLOAT, [None, 3])}
    if not as_dicts:
        return session(*nodes, inputs={"rows": (FLOAT, [None, 3])}, outputs=told)
    nodes.append(helper.make_node("ZipMap", ["scores"], ["maps"], domain=ml, classlabels_strings=names))
    return session(*nodes, inputs={"rows": (FLOAT, [None, 3])}, outputs={"label": told["label"], "maps": None})


def test_a_watched_session_is_a_session(make_agent: MakeAgent) -> None:
    bare = sums_by_name()
    watched = make_agent().watch(bare)

    assert isinstance(watched, onnxruntime.InferenceSession)
    assert [one.name for one in watched.get_inputs()] == ["pair", "single"]
    assert watched.get_providers() == bare.get_providers()


def test_inputs_are_columns_under_their_names_and_outputs_too(make_agent: MakeAgent, sealed: Any) -> None:
    agent, bare = make_agent(task="regression"), sums_by_name()
    feed = {"pair": ROWS[:, :2], "single": ROWS[:, 2:]}

    answer = agent.watch(bare).run(None, feed)

    assert [one.tobytes() for one in answer] == [one.tobytes() for one in bare.run(None, feed)]
    columns = sealed(agent)
    assert {"pair.0", "pair.1", "single"} <= set(columns)
    assert {name for name in columns if name.startswith("_")} == {"_prediction.sum", "_prediction.total"}
    assert {column.rows for column in columns.values()} == {60}
    assert columns["pair.1"].maximum == ROWS[:, 1].max()


def test_an_output_that_is_asked_for_by_name_is_the_answer(make_agent: MakeAgent, sealed: Any) -> None:
    agent = make_agent()

    agent.watch(sums_by_name()).run(["total"], input_feed={"pair": ROWS[:, :2], "single": ROWS[:, 2:]})

    column = sealed(agent)["_prediction"]
    assert column.maximum == pytest.approx(float(ROWS.sum(axis=1).max()), rel=1e-6)


@pytest.mark.parametrize(("as_dicts", "classes"), [(False, "0 1 2"), (True, "early late lost")])
def test_of_a_label_and_scores_the_scores_are_recorded(
    make_agent: MakeAgent, sealed: Any, as_dicts: bool, classes: str
) -> None:
    agent, bare = make_agent(), classifier(as_dicts=as_dicts)

    answer = agent.watch(bare).run(None, {"rows": ROWS})

    assert str(answer) == str(bare.run(None, {"rows": ROWS}))
    scores = {f"_prediction.{name}" for name in classes.split()}
    assert set(sealed(agent)) == {"f0", "f1", "f2", *scores, "_prediction_label"}


def test_of_scores_that_are_no_probabilities_the_label_is_recorded(make_agent: MakeAgent, sealed: Any) -> None:
    agent, bare = make_agent(), classifier(as_dicts=False, scores="NONE")

    agent.watch(bare).run(None, {"rows": ROWS})

    columns = sealed(agent)
    assert set(columns) == {"f0", "f1", "f2", "_prediction_label"}
    assert set(columns["_prediction_label"].names) <= {"early", "late", "lost"}


def test_a_picture_is_summed_up_a_row(make_agent: MakeAgent, sealed: Any) -> None:
    node = helper.make_node("ReduceMean", ["picture", "axes"], ["score"], keepdims=0)
    axes = helper.make_tensor("axes", WHOLE, [3], [1, 2, 3])
    bare = session(
        node,
        inputs={"picture": (FLOAT, [None, 3, 8, 8])},
        outputs={"score": (FLOAT, [None])},
        constants=[axes],
    )
    agent, pictures = make_agent(), np.random.default_rng(7).normal(size=(5, 3, 8, 8)).astype(np.float32)

    agent.watch(bare).run(None, {"picture": pictures})

    columns = sealed(agent)
    assert set(columns) == {"picture.mean", "picture.norm", "picture.dimensions", "_prediction"}
    assert columns["picture.dimensions"].maximum == 192
    assert columns["picture.mean"].maximum == pytest.approx(pictures.mean(axis=(1, 2, 3)).max(), rel=1e-5)


def test_texts_are_categories(make_agent: MakeAgent, sealed: Any) -> None:
    bare = session(
        helper.make_node(
            "LabelEncoder", ["carrier"], ["score"], domain="ai.onnx.ml", keys_strings=["UA"], values_floats=[0.5]
        ),
        inputs={"carrier": (TEXT, [None, 1])},
        outputs={"score": (FLOAT, [None, 1])},
    )
    agent = make_agent(feature_names=["carrier"])

    agent.watch(bare).run(None, {"carrier": np.array([["UA"], ["UA"], ["DL"]] * 10, dtype=object)})

    columns = sealed(agent)
    assert columns["carrier"].names == {"UA": 20, "DL": 10}
