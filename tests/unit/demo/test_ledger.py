import pandas as pd
import pytest

from flights_demo.ledger import LedgerWriter, read_ledger
from flights_demo.schedule import Batch


def batch(number, *ids):
    rows = pd.DataFrame({"id": list(ids), "late": [1] * len(ids)})
    return Batch(number, rows, rows)


@pytest.fixture
def writer(tmp_path):
    opened = []

    def make():
        opened.append(LedgerWriter(tmp_path, 0))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def serve(ledger, one, *, settle):
    ledger.begin(one.number)
    ledger.sent(one, [0.5] * len(one.flights))
    if settle:
        ledger.settle()


def test_what_was_settled_is_certain(tmp_path, writer):
    serve(writer(), batch(3, "a", "b"), settle=True)

    ledger = read_ledger(tmp_path, 1)

    assert ledger.predictions == {"a": 0.5, "b": 0.5}
    assert ledger.actuals == {"a": 1, "b": 1}
    assert ledger.in_doubt == []


def test_what_was_begun_and_not_settled_is_in_doubt_and_not_certain(tmp_path, writer):
    first = writer()
    serve(first, batch(3, "a"), settle=True)
    serve(first, batch(4, "b"), settle=False)

    ledger = read_ledger(tmp_path, 1)

    assert ledger.in_doubt == [(0, 4)]
    assert list(ledger.predictions) == ["a"]


def test_a_restarted_worker_goes_on_behind_the_last_batch_that_was_begun(writer):
    first = writer()
    assert first.next_batch == 0
    serve(first, batch(3, "a"), settle=True)
    serve(first, batch(4, "b"), settle=False)

    assert writer().next_batch == 5


def test_a_torn_line_counts_as_not_written_and_does_not_spoil_the_next(tmp_path, writer):
    serve(writer(), batch(3, "a"), settle=True)
    durable = tmp_path / "worker-0.durable"
    durable.write_bytes(durable.read_bytes() + b'{"batches": [4], "predic')
    assert list(read_ledger(tmp_path, 1).predictions) == ["a"]

    serve(writer(), batch(5, "c"), settle=True)

    assert list(read_ledger(tmp_path, 1).predictions) == ["a", "c"]


def test_an_id_that_was_sent_twice_is_counted(tmp_path, writer):
    ledger = writer()
    serve(ledger, batch(3, "a"), settle=True)
    serve(ledger, batch(4, "a"), settle=True)

    assert read_ledger(tmp_path, 1).repeated == 1


def test_workers_that_wrote_nothing_are_no_error(tmp_path):
    assert read_ledger(tmp_path, 2).predictions == {}
