import pandas as pd
import pytest

from flights_demo.schedule import Schedule


@pytest.fixture
def schedules(april):
    return [Schedule(april, worker=one, workers=2) for one in range(2)]


def test_every_flight_is_predicted_once_and_its_truth_told_once(april, schedules):
    batches = [batch for one in schedules for batch in one.batches()]

    assert sorted(pd.concat([one.flights["id"] for one in batches])) == sorted(april["id"])
    assert sorted(pd.concat([one.known["id"] for one in batches])) == sorted(april["id"])


def test_two_workers_share_the_work_about_evenly(april, schedules):
    assert all(0.4 < one.flights / len(april) < 0.6 for one in schedules)


def test_both_workers_meet_every_hour_of_the_day(schedules):
    first, second = (
        set().union(*(set(batch.flights["hour"]) for batch in one.batches() if len(batch.flights))) for one in schedules
    )

    assert set(range(6, 23)) <= first & second


def test_a_truth_is_told_in_the_hour_in_which_it_is_known(schedules):
    batch = next(one for one in schedules[0].batches() if len(one.known))

    assert batch.known["known_at"].dt.floor("h").nunique() == 1
    assert (batch.known["known_at"] > batch.known["event"]).all()


def test_going_on_behind_a_batch_leaves_nothing_out_and_repeats_nothing(schedules):
    whole = [one.number for one in schedules[0].batches()]

    rest = [one.number for one in schedules[0].batches(whole[7] + 1)]

    assert whole[:8] + rest == whole
