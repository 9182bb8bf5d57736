"""Many calls at once: what they have in common, and how they are told apart."""

import numpy as np

from tidegauge.worker.calls import Call, CallContext, Calls, Form, Origin

PREDICT = Origin(None, "predict")  # type: ignore[arg-type]
ROW = Origin(None, "predict", Form.ROW_OF_NAMES)  # type: ignore[arg-type]
PROBA = Origin(None, "predict_proba")  # type: ignore[arg-type]
FAILED = Origin(None, "predict", error="user:ValueError")  # type: ignore[arg-type]


def call(origin: Origin, number: int, context: CallContext | None = None) -> Call:
    return Call(origin, {"x": number}, 0.5, number, 10 * number, context)


def test_fields_are_gathered_in_the_order_of_the_calls() -> None:
    calls = Calls.of([call(PREDICT, number) for number in range(2_000)])

    assert calls.field("inputs") == [{"x": number} for number in range(2_000)]
    np.testing.assert_array_equal(calls.integers("ended_ns"), np.arange(2_000) * 10)


def test_calls_of_one_origin_are_alike_and_nothing_is_said_of_errors_and_contexts() -> None:
    calls = Calls.of([call(ROW, number) for number in range(3)])

    assert calls.origin is ROW
    assert calls.alike() == [calls]
    assert (calls.errors, calls.contexts) == ((), ())


def test_calls_are_told_apart_by_method_and_form_whatever_their_size() -> None:
    large = Origin(None, "predict", size_bytes=9_000)  # type: ignore[arg-type]
    calls = Calls.of([call(one, number) for number, one in enumerate([PREDICT, ROW, large, PROBA, ROW])])

    assert calls.origin is None
    assert [own.field("started_ns") for own in calls.alike()] == [[0, 2], [1, 4], [3]]


def test_the_errors_and_contexts_of_all_calls_are_there_where_one_has_any() -> None:
    stated = CallContext(batch="night")
    calls = Calls.of([call(PREDICT, 0), call(FAILED, 1), call(PREDICT, 2, stated)])

    assert list(calls.errors) == [None, "user:ValueError", None]
    assert list(calls.contexts) == [None, None, stated]
