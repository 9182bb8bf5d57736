"""Importance learned by permutation: laws of the core, and every container and model that it takes."""

import numpy as np
import pandas as pd
import pytest

from tidegauge.core.importance import learned_importance, sample_places
from tidegauge.errors import UsageError
from tidegauge.learning import importance_learned

RNG = np.random.default_rng(5)
X = RNG.normal(size=(3_000, 3))
NAMES = ["a", "b", "c"]


class Linear:
    """Looks at `a` three times as much as at `b`, and never at `c`."""

    def __init__(self):
        self.calls = 0

    def predict(self, rows):
        self.calls += 1
        return np.asarray(rows, dtype=float) @ [3.0, 1.0, 0.0]


class Labels(Linear):
    def predict(self, rows):
        return np.where(super().predict(rows) > 0, "yes", "no")


def learned(model, inputs, names=NAMES):
    return importance_learned(model, inputs, names, NAMES)


def test_weights_are_those_of_a_linear_model():
    model = Linear()

    found = learned(model, X)

    assert sum(found.values()) == pytest.approx(1)
    assert found == pytest.approx({"a": 0.75, "b": 0.25, "c": 0.0}, abs=0.03)
    assert model.calls == 4  # once as it is, once for each feature
    assert learned(Linear(), X) == found


def test_labels_move_where_they_become_another():
    found = learned(Labels(), X)

    assert found["a"] > found["b"] > found["c"] == 0


def test_tables_and_rows_say_the_same_as_arrays():
    table = pd.DataFrame(X, columns=NAMES)
    rows = table.to_dict("records")

    class OfRows(Linear):
        def predict(self, some):
            return super().predict([[row[name] for name in NAMES] for row in some])

    expected = learned(Linear(), X)
    assert learned(Linear(), table) == pytest.approx(expected)
    assert learned(OfRows(), rows) == pytest.approx(expected)


def test_categories_of_a_table_stay_categories():
    table = pd.DataFrame({"kind": pd.Categorical(["x", "y", "z"] * 100), "n": range(300)})

    def model(some):
        assert str(some["kind"].dtype) == "category"
        return some["kind"].cat.codes.to_numpy()

    assert importance_learned(model, table, ["kind", "n"], ["kind", "n"]) == {"kind": 1.0, "n": 0.0}


def test_features_that_are_left_out_keep_their_place_in_an_array():
    assert set(learned(Linear(), X, names=["b", "c"])) == {"b", "c"}
    assert learned(Linear(), X, names=["b", "c"])["b"] == 1.0


def test_a_watched_model_is_asked_itself():
    class Watched:
        def __init__(self):
            self.__wrapped__ = Linear()

        def predict(self, rows):
            raise AssertionError("this would be recorded")

    assert learned(Watched(), X)["c"] == 0


def test_what_never_moves_an_answer_has_no_weights():
    assert learned(lambda rows: np.zeros(len(rows)), X) == {}
    assert learned_importance(["a"], 1, lambda name, places: np.zeros(1)) == {}


def test_what_cannot_be_learned_is_refused():
    with pytest.raises(UsageError, match="give model="):
        learned(None, X)
    with pytest.raises(UsageError, match="cannot change places"):
        learned(Linear(), {"a": [1.0]})


@pytest.mark.parametrize(("rows", "most", "count"), [(5, 10, 5), (10, 3, 3), (1, 10, 1)])
def test_samples_are_spread_evenly(rows, most, count):
    places = sample_places(rows, most)

    assert (len(places), places[0], places[-1]) == (count, 0, rows - 1)
