"""ONNX Runtime: a session answers in `run(output_names, {name: array})` with a list of outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tidegauge.integrations.reading import Reading
from tidegauge.integrations.tables import as_table
from tidegauge.recognition import Library
from tidegauge.worker.outputs import ROUNDING


def extractor(model: Any) -> Reading:
    """Reads calls of a session: its inputs as one table, its outputs as one answer a row."""
    all_names = [output.name for output in model.get_outputs()]

    def answer(result: Any, output_names: Any, *_: Any, **__: Any) -> Any:
        return prediction_of(result, output_names or all_names)

    return Reading(_inputs, answer)


def _inputs(output_names: Any, input_feed: Mapping[str, Any], *_: Any, **__: Any) -> Any:  # noqa: ARG001 - named as in `run`
    return as_table({name: np.asarray(given) for name, given in input_feed.items()})


def prediction_of(outputs: Sequence[Any], names: Sequence[str]) -> Any:
    """The answer among a session's outputs: the only one; of a classifier the label, and the scores where they are probabilities or
    have names; else each under its name."""
    if len(outputs) == 1:
        return outputs[0]
    scores = [one for one in outputs if _are_scores(one)]
    if len(outputs) == 2 and len(scores) == 1:
        label = outputs[0] if scores[0] is outputs[1] else outputs[1]
        return {"label": label, "scores": scores[0]} if _can_be_told(scores[0]) else {"label": label}
    return dict(zip(names, map(_flat, outputs), strict=False))


def _can_be_told(scores: Any) -> bool:
    """Whether scores are probabilities, or have names: those of a support vector machine are neither."""
    if isinstance(scores, list):
        return True
    with np.errstate(all="ignore"):
        return bool(np.all(np.abs(scores.sum(axis=1) - 1) < ROUNDING))


def _flat(output: Any) -> Any:
    return output[:, 0] if isinstance(output, np.ndarray) and output.ndim == 2 and output.shape[1] == 1 else output


def _are_scores(output: Any) -> bool:
    """Whether an output is a matrix of floats, or (as converters from scikit-learn write it) a list of one dict a row."""
    if isinstance(output, np.ndarray):
        return output.ndim == 2 and output.shape[1] > 1 and output.dtype.kind == "f"
    return isinstance(output, list) and bool(output) and isinstance(output[0], dict)


LIBRARY = Library(methods=("run",), extractor=extractor)
