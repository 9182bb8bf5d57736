"""`record` takes arrays of any size, small ones too."""

import numpy as np
import pytest


@pytest.mark.parametrize("rows", [1, 2, 300])
def test_arrays_of_inputs_and_predictions_are_recorded(make_agent, rows):
    agent = make_agent()

    agent.record(np.ones((rows, 3)), np.full(rows, 0.5), prediction_ids=list(range(rows)))
    agent.record([{"f": 1.0}] * rows, np.full(rows, 0.5))
    agent.flush()

    assert agent.status()["sealed"] == 2 * rows
    assert agent.status()["dropped"] == {}
