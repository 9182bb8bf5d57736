"""The replay worker as a real process: what it spooled is read back and held against its ledger."""

import json
import pickle
import queue
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from flights_demo.data import FEATURES
from flights_demo.evidence import rows_in_doubt
from flights_demo.ledger import read_ledger
from flights_demo.plan import Plan
from flights_demo.processes import Child, ProcessError, environment, run_job
from tidegauge.core.ids import ID_BYTES, digest_id
from tidegauge.spool import SpoolReader, list_epochs
from tidegauge.wire.codec import decode_frame
from tidegauge.wire.kinds import FrameKind


@pytest.fixture
def model(april):
    found = HistGradientBoostingClassifier(categorical_features="from_dtype", max_iter=5, random_state=0)
    return found.fit(april[FEATURES], april["late"])


@pytest.fixture
def plan(tmp_path, april, model):
    made = Plan(data=str(tmp_path), collector="grpc://127.0.0.1:9", days=5, workers=1, flush_every=4, shipper="none")
    april.to_pickle(made.replay_file)
    made.model_file.write_bytes(pickle.dumps(model))
    made.save()
    return made


def spooled(plan):
    """Ids of all predictions and all actuals in the spool, as often as they are there."""
    predictions, actuals = Counter(), Counter()
    for epoch in list_epochs(plan.spool_root):
        reader = SpoolReader(epoch.path)
        while records := reader.read():
            for record in records:
                frame = decode_frame(record.payload)
                if record.kind == FrameKind.RECORDS:
                    predictions.update(_split(frame.records.prediction_ids))
                elif record.kind == FrameKind.ACTUALS:
                    actuals.update(_split(frame.actuals.prediction_ids))
    return predictions, actuals


def _split(ids):
    return [ids[at : at + ID_BYTES] for at in range(0, len(ids), ID_BYTES)]


def run_worker(plan):
    return run_job("worker", str(plan.folder / "plan.json"), "0", log=plan.folder / "log")


def kill_after_first_settling(plan):
    command = [sys.executable, "-m", "flights_demo.worker", str(plan.folder / "plan.json"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        assert json.loads(process.stdout.readline())["kind"] == "progress"
        process.send_signal(signal.SIGKILL)


def test_everything_is_spooled_once_and_in_the_ledger(plan, april, model):
    facts = run_worker(plan)

    predictions, actuals = spooled(plan)
    everything = Counter(digest_id(one) for one in april["id"])
    ledger = read_ledger(plan.folder, 1)
    assert predictions == everything == actuals
    assert ledger.in_doubt == []
    scores = dict(zip(april["id"], model.predict_proba(april[FEATURES])[:, 1], strict=True))
    assert ledger.predictions == scores
    assert ledger.actuals == dict(zip(april["id"], april["late"].tolist(), strict=True))
    assert facts[-1]["kind"] == "done"
    assert facts[-1]["dropped"] == {}


def test_killed_and_started_again_it_loses_nothing_certain_and_repeats_nothing(plan, april):
    kill_after_first_settling(plan)
    run_worker(plan)

    predictions, actuals = spooled(plan)
    ledger = read_ledger(plan.folder, 1)
    doubtful, doubtful_actuals = rows_in_doubt(plan, april, ledger)
    for found, certain, doubt in (
        (predictions, ledger.predictions, doubtful),
        (actuals, ledger.actuals, doubtful_actuals),
    ):
        sure, unsure = {digest_id(one) for one in certain}, {digest_id(one) for one in doubt}
        assert max(found.values()) == 1
        assert sure <= found.keys() <= sure | unsure
        assert not sure & unsure
        assert sure | unsure == {digest_id(one) for one in april["id"]}
    assert ledger.repeated == 0


def test_a_worker_that_fails_says_why(plan):
    Path(plan.model_file).write_bytes(b"no model")

    with pytest.raises(ProcessError, match=r"worker .* ended with code 1(?s:.*)UnpicklingError"):
        run_worker(plan)


def test_a_worker_that_is_killed_is_no_failure_when_it_is_started_again(plan):
    facts = queue.Queue()
    child = Child("worker", str(plan.folder / "plan.json"), "0", log=plan.folder / "log", facts=facts)
    facts.get(timeout=120)

    child.kill()
    child.start()
    child.join()

    assert child.ended
    assert [fact["kind"] for fact in facts.queue][-1] == "done"


def test_the_isolation_check_finds_nothing_loaded_and_no_difference(plan):
    (found,) = run_job("isolation", str(plan.folder / "plan.json"), log=plan.folder / "log")

    assert found == {"kind": "isolation", "loaded": [], "transparent": True}


def test_replayed_flights_are_the_days_of_the_plan(flights):
    from flights_demo.trainer import replayed

    rows = replayed(flights.rows, Plan(data=".", collector="", days=2, shift="distance:2013-04-02:2013-04-03"))

    assert sorted(rows["day"].unique()) == list(pd.to_datetime(["2013-04-01", "2013-04-02"]))
    far = rows.groupby("day")["distance"].max()
    assert far.iloc[1] == pytest.approx(far.iloc[0] * 1.609344)
