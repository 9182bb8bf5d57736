"""How a library's calls are read: the inputs, which can be told before the model has answered, apart from the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tidegauge.capture import Observed
from tidegauge.integrations.tables import without_columns

ELSEWHERE = object()
"""In place of inputs that the call does not hold (a file's name): there is a row for each answer, and nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An `extract` of two functions: `inputs` of a call's arguments, `answer` of its result and arguments. None: as ever."""

    inputs: Callable[..., Any]
    answer: Callable[..., Any]

    def __call__(self, result: Any, *args: Any, **kwargs: Any) -> Observed:
        """What is recorded of a call."""
        inputs = self.inputs(*args, **kwargs)
        if inputs is ELSEWHERE:
            inputs = without_columns(len(result))
        return Observed(inputs=inputs, predictions=self.answer(result, *args, **kwargs))


def as_given(*_: Any, **__: Any) -> None:
    """The inputs of a call that speaks for itself."""


def both_scores(result: Any) -> Any:
    """Scores of two classes from those of the second one, so that they are not taken for labels."""
    return np.column_stack([1 - result, result]) if np.ndim(result) == 1 else result
