"""What KServe's two protocols ask and answer, as rows: V1 (`instances`, `predictions`) and V2, the open inference protocol
(`inputs`, `outputs`)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap
from typing import Any

from tidegauge_collector.uploads.errors import UploadRefused

Row = dict[str, Any]

PREDICTION, LABEL = "kserve:prediction", "kserve:label"
MAX_VALUES = 1_000_000
_LABELS = ("label", "class", "predicted_class")
_SCORES = ("score", "probability", "prediction")
_CLASS_SCORES = ("scores", "probabilities")


def feature_rows(data: Any) -> list[Row]:
    """The features of each row of a request; columns without a name are f0, f1, …"""
    if isinstance(data, dict) and isinstance(data.get("instances"), list):
        return [_named(one) for one in data["instances"]]
    if isinstance(data, dict) and isinstance(data.get("inputs"), list) and all(map(_is_tensor, data["inputs"])):
        return _tensor_rows(data["inputs"])
    raise UploadRefused("a request has neither `instances` (V1) nor `inputs` with name, shape and data (V2)")


def answer_rows(data: Any) -> list[Row]:
    """The answer to each row: a prediction, a label, or scores of classes by their name or number."""
    if isinstance(data, dict) and isinstance(data.get("predictions"), list):
        return list(map(_answer, data["predictions"]))
    if isinstance(data, dict) and isinstance(data.get("outputs"), list) and data["outputs"]:
        if not all(map(_is_tensor, data["outputs"])):
            raise UploadRefused("an output has no name, shape or data: tensors as binary data are not read")
        return _tensor_answers(data["outputs"])
    raise UploadRefused("a response has neither `predictions` (V1) nor `outputs` (V2)")


def version_of(data: Any) -> str:
    """The model version that a V2 response names, or ""."""
    found = data.get("model_version") if isinstance(data, dict) else None
    return str(found)[:128] if found else ""


def _named(instance: Any) -> Row:
    if isinstance(instance, dict):
        return {str(name): value for name, value in instance.items()}
    values = instance if isinstance(instance, list) else [instance]
    return {f"f{i}": value for i, value in enumerate(values)}


def _answer(value: Any) -> Row:
    if isinstance(value, list):
        return _scores(value)
    if not isinstance(value, dict):
        return {PREDICTION: value}
    found: Row = {}
    lower = {str(name).lower(): each for name, each in value.items()}
    label, score, several = (
        next((lower[n] for n in names if n in lower), None) for names in (_LABELS, _SCORES, _CLASS_SCORES)
    )
    if isinstance(several, dict):
        found |= {str(name): number for name, number in several.items()}
    elif isinstance(several, list):
        found |= _scores(several)
    elif score is not None:
        found[PREDICTION] = score
    if label is not None:
        found[LABEL if found else PREDICTION] = str(label) if found else label
    if not found:
        raise UploadRefused(f"a prediction with the fields {list(value)[:10]}: name them label, score or probabilities")
    return found


def _scores(values: Sequence[Any]) -> Row:
    """Of one row: one value, or a score for each class."""
    if len(values) == 1:
        return {PREDICTION: values[0]}
    return {str(i): value for i, value in enumerate(values)}


def _is_tensor(one: Any) -> bool:
    return isinstance(one, dict) and isinstance(one.get("data"), list) and isinstance(one.get("shape"), list)


def _tensor_rows(tensors: Sequence[Any]) -> list[Row]:
    rows: list[Row] = []
    for tensor in tensors:
        values = _by_row(tensor)
        if not rows:
            rows = [{} for _ in values]
        if len(values) != len(rows):
            raise UploadRefused(f"inputs of {len(rows)} and of {len(values)} rows: give all one for each row")
        name, is_alone = str(tensor.get("name") or "input"), len(tensors) == 1
        for row, own in zip(rows, values, strict=True):
            names = [name] if len(own) == 1 else [f"f{i}" if is_alone else f"{name}.{i}" for i in range(len(own))]
            row.update(zip(names, own, strict=True))
    return rows


def _tensor_answers(tensors: Sequence[Any]) -> list[Row]:
    """The first output is the prediction, or has the scores; one that is called like a label is the label beside it."""
    label = next((one for one in tensors if str(one.get("name", "")).lower() in {*_LABELS, "output_label"}), None)
    rest = [one for one in tensors if one is not label]
    if label is None or not rest:
        return list(map(_scores, _by_row(tensors[0])))
    return list(
        starmap(
            lambda own, scores: {**_scores(scores), LABEL: str(own[0])},
            zip(_by_row(label), _by_row(rest[0]), strict=True),
        )
    )


def _by_row(tensor: Any) -> list[list[Any]]:
    """The values of each row: the first dimension is that of the rows, all others are laid flat."""
    flat = _flat(tensor["data"])
    rows = tensor["shape"][0] if tensor["shape"] else 1
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 1 or len(flat) % rows or len(flat) > MAX_VALUES:
        raise UploadRefused(
            f"a tensor of shape {tensor['shape']!r:.80} with {len(flat)} values: shape and data do not fit"
        )
    each = len(flat) // rows
    return [flat[i * each : (i + 1) * each] for i in range(rows)]


def _flat(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    waiting = [values]
    while waiting:
        part = waiting.pop()
        if part and all(isinstance(one, list) for one in part):
            waiting += reversed(part)
        else:
            found += part
    return found
