"""Row sampling by the prediction id: predictions, features and actuals of all processes pick the same rows; requests are all counted."""

from collections.abc import Callable

import numpy as np
import pytest

import tidegauge
from tidegauge.testing import capture

MakeAgent = Callable[..., tidegauge.Agent]
IDS = [f"order-{i}" for i in range(4_000)]


def ids_in(digests: bytes) -> set[bytes]:
    return {digests[at : at + 16] for at in range(0, len(digests), 16)}


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_predictions_and_actuals_keep_the_same_rows(make_agent: MakeAgent, share: float) -> None:
    serving = make_agent(version="a", sample=share, id_column="order")
    labelling = make_agent(version="b", sample=share)

    with capture(serving) as seen:
        serving.record([{"order": one, "x": 1.0} for one in IDS], np.full(len(IDS), 0.5))
        labelling.actuals(IDS, np.ones(len(IDS)))
        predicted = set().union(*(ids_in(one.ids) for one in seen.records()))
        known = set().union(*(ids_in(one.ids) for one in seen.actuals()))

        assert predicted == known
        assert len(predicted) == pytest.approx(share * len(IDS), rel=0.15)
        assert seen.column("x").rows == len(predicted)


def test_what_is_left_out_is_counted_and_requests_are_not_sampled(make_agent: MakeAgent) -> None:
    agent = make_agent(sample=0.25)
    predict = agent.watch(lambda row: 0.5)

    with capture(agent) as seen:
        for i in range(400):
            predict({"x": float(i)})

        requests, status = seen.requests(), agent.status()
        assert (requests, status["captured"]) == (400, 400)
        assert seen.rows() + status["counters"]["sampled_out"] == 400
        assert seen.rows() == pytest.approx(100, abs=3), "rows without ids are spread evenly"


def test_a_smaller_share_is_part_of_a_larger_one(make_agent: MakeAgent) -> None:
    kept = {}
    for share in (0.1, 0.3):
        agent = make_agent(version=str(share), sample=share, deployment="orders")
        with capture(agent) as seen:
            agent.actuals(IDS, np.ones(len(IDS)))
            kept[share] = set().union(*(ids_in(one.ids) for one in seen.actuals()))

    assert kept[0.1] < kept[0.3]
