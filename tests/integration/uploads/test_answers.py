"""What senders are told: refusals with row, column, value and fix; keys; limits; formats."""

import gzip
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from collector_harbour import Harbour, harbour
from structlog.testing import capture_logs
from upload_flights import FORMATS, MEANING, flights

from tidegauge_collector.uploads import receiving

numbers = itertools.count()
ROWS = flights(50)
NDJSON, CSV = "application/x-ndjson", "text/csv"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    with harbour(tmp_path_factory.mktemp("answers") / "data", max_upload_mb=1) as running:
        yield running


@pytest.fixture
def name() -> str:
    return f"answers-{next(numbers)}"


def post(
    port: Harbour, path: str, body: Any, kind: str = NDJSON, *, key: str | None = None, **query: str
) -> httpx.Response:
    headers = {"Content-Type": kind} | ({"Idempotency-Key": key} if key else {})
    return port.client.post(f"/api/v1/deployments/{path}", params=query, content=body, headers=headers)


def lines(*rows: Any) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def stored(port: Harbour, name: str) -> dict[str, int]:
    port.settle()
    return dict(port.get(f"/deployments/{name}/status")["stored"])


def test_of_a_large_body_the_log_tells_how_far_it_is(port: Harbour, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "LARGE_BYTES", 1_000)
    row = {"timestamp": "2025-06-02T10:00:00Z", "prediction": 0.5, "x": 1.0}

    with capture_logs() as logs:
        answer = post(port, f"{name}/observations", lines(*[row] * 100), version="v1")

    assert answer.status_code == 200, answer.text
    told = [one for one in logs if one["event"].startswith("upload.")]
    assert [one["event"] for one in told] == ["upload.coming", "upload.is_read", "upload.taken"]
    assert {one["deployment"] for one in told} == {name}


@pytest.mark.parametrize("encoding", ["br", "zstd"])
def test_an_encoding_that_is_not_read_is_told_as_json(port: Harbour, name: str, encoding: str) -> None:
    headers = {"Content-Type": NDJSON, "Content-Encoding": encoding}

    answer = port.client.post(f"/api/v1/deployments/{name}/observations", content=b"what", headers=headers)

    assert answer.status_code == 400
    assert encoding in answer.json()["error"]


WRONG = {
    "time": ({"timestamp": "yesterday"}, "timestamp", "'yesterday'", "ISO 8601"),
    "no time": ({"timestamp": None}, "timestamp", "None", "ISO 8601"),
    "far time": ({"timestamp": 1.7e15}, "timestamp", "1700000000000000.0", "ISO 8601"),
    "id": ({"prediction_id": 1.5}, "prediction_id", "1.5", "text or a whole number"),
    "truth as id": ({"prediction_id": True}, "prediction_id", "True", "text or a whole number"),
    "latency": ({"latency_s": -1.0}, "latency_s", "-1.0", "seconds"),
    "prediction": ({"prediction": "oops"}, "prediction", "'oops'", "number"),
    "list": ({"prediction": [1]}, "prediction", "[1]", "number"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_one_wrong_row_refuses_all_and_is_told_with_row_column_value_and_fix(
    port: Harbour, name: str, wrong: str
) -> None:
    change, column, value, fix = WRONG[wrong]
    good = {"prediction_id": "a", "timestamp": "2025-06-02T10:00:00Z", "prediction": 0.5, "latency_s": 0.1, "x": 1.0}

    answer = post(port, f"{name}/observations", lines(*[good] * 4, good | change, good), version="v1")

    assert answer.status_code == 400, answer.text
    [problem] = answer.json()["problems"]
    assert (problem["row"], problem["column"], problem["value"]) == (5, column, value)
    assert fix in problem["fix"]
    port.settle()
    assert port.client.get(f"/api/v1/deployments/{name}").status_code == 404


def test_wrong_rows_are_left_out_and_told_where_that_is_asked_for(port: Harbour, name: str) -> None:
    rows = [
        {"prediction_id": i, "timestamp": "?" if i % 2 else 1_748_822_400 + i, "prediction": 0.5} for i in range(60)
    ]

    answer = post(port, f"{name}/observations", lines(*rows), version="v1", on_error="skip")

    assert answer.status_code == 200
    assert (answer.json()["stored"], answer.json()["skipped"], len(answer.json()["problems"])) == (30, 30, 20)
    assert stored(port, name)["predictions"] == 30


def test_rows_of_csv_keep_their_numbers_behind_broken_ones(port: Harbour, name: str) -> None:
    body = b"prediction_id,timestamp,x\na,2025-06-02T10:00:00Z,1\nb,2025-06-02T10:00:00Z\nc,never,1\n"

    answer = post(port, f"{name}/observations", body, CSV, version="v1")

    assert [(one["row"], one["column"]) for one in answer.json()["problems"]] == [(2, ""), (3, "timestamp")]


REFUSED = {
    "empty": (b"", NDJSON, {"version": "v1"}, 400, "empty"),
    "no rows": (b"x,y\n", CSV, {"version": "v1"}, 400, "no row"),
    "format": (b"<a/>", "text/xml", {"version": "v1"}, 415, "text/csv"),
    "parquet": (b"PAR1", "application/vnd.apache.parquet", {"version": "v1"}, 400, "cannot be read"),
    "arrow": (b"ARROW1\0\0", "application/vnd.apache.arrow.stream", {"version": "v1"}, 400, "cannot be read"),
    "utf-8": (b"x\n\xff\n", CSV, {"version": "v1"}, 400, "not UTF-8"),
    "column": (b'{"x": 1}', NDJSON, {"version": "v1", "id": "flight"}, 400, "'flight'"),
    "segment": (b'{"x": 1}', NDJSON, {"version": "v1", "segments": "a&b"}, 400, "'a'"),
    "parameter": (b'{"x": 1}', NDJSON, {"version": "v1", "ids": "x"}, 400, "'ids'"),
    "version": (b'{"x": 1}', NDJSON, {}, 400, "version"),
    "reserved": (b'{"_prediction": 1}', NDJSON, {"version": "v1"}, 400, "reserved"),
    "truth without id": (b'{"x": 1, "actual": 1}', NDJSON, {"version": "v1"}, 400, "prediction ids"),
    "too large": (b"x\n" + b"1\n" * 600_000, CSV, {"version": "v1"}, 413, "larger"),
    "document": (b'{"rows": []}', "application/json", {"version": "v1"}, 400, "observations"),
    "control": (b'{"x": 1}', NDJSON, {"version": "a\nb"}, 400, "control"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_taken_is_refused_in_words_that_help(port: Harbour, name: str, case: str) -> None:
    body, kind, query, status, words = REFUSED[case]

    answer = post(port, f"{name}/observations", body, kind, **query)

    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]
    assert "/tmp" not in answer.text


def test_a_key_answers_again_as_the_first_time_and_counts_once(port: Harbour, name: str) -> None:
    kind, encode = FORMATS["csv"]
    path, body = f"{name}/observations", encode(ROWS)

    first, again = (post(port, path, body, kind, key="k-1", **MEANING) for _ in range(2))
    zipped = port.client.post(
        f"/api/v1/deployments/{path}",
        params=MEANING,
        content=gzip.compress(body),
        headers={"Content-Type": kind, "Content-Encoding": "gzip", "Idempotency-Key": "k-1"},
    )

    assert first.json() == again.json() == zipped.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == zipped.headers["Idempotent-Replayed"] == "true"
    assert first.headers["ETag"] == again.headers["ETag"]
    assert stored(port, name)["predictions"] == len(ROWS)


@pytest.mark.parametrize("change", ["body", "parameter", "target"])
def test_a_key_of_another_request_is_a_conflict(port: Harbour, name: str, change: str) -> None:
    kind, encode = FORMATS["ndjson"]
    post(port, f"{name}/observations", encode(ROWS), kind, key="k", **MEANING)
    query = MEANING | ({"batch": "b"} if change == "parameter" else {})
    if change == "target":
        query = {"version": "v1"}

    answer = post(
        port,
        f"{name}/{'baseline' if change == 'target' else 'observations'}",
        encode(ROWS[: 10 if change == "body" else None]),
        kind,
        key="k",
        **query,
    )

    assert answer.status_code == 409
    assert "new key" in answer.json()["error"]


def test_keys_are_of_one_deployment_and_are_forgotten_after_seven_days(port: Harbour, name: str) -> None:
    row = lines({"prediction_id": "a", "x": 1.0})
    post(port, f"{name}/observations", row, key="k", version="v1")

    other = post(port, f"{name}-b/observations", row, key="k", version="v1")
    port.clock.turn(minutes=7 * 24 * 60 + 1)
    later = post(port, f"{name}/observations", row, key="k", version="v1")

    assert "Idempotent-Replayed" not in other.headers
    assert "Idempotent-Replayed" not in later.headers
    assert stored(port, name)["predictions"] == 2


def test_without_a_key_each_request_counts_and_the_etag_names_the_body(port: Harbour, name: str) -> None:
    row = lines({"prediction_id": "a", "x": 1.0})

    first, second = (post(port, f"{name}/observations", row, version="v1") for _ in range(2))

    assert first.headers["ETag"] == second.headers["ETag"]
    assert stored(port, name)["predictions"] == 2


def test_actuals_of_a_deployment_that_nobody_knows_are_not_found(port: Harbour) -> None:
    answer = post(port, "nobody/actuals", b"prediction_id,value\na,1\n", CSV)

    assert answer.status_code == 404


@pytest.mark.parametrize("key", [None, "k"])
def test_actuals_in_all_forms_join_their_predictions(port: Harbour, name: str, key: str | None) -> None:
    post(
        port,
        f"{name}/observations",
        lines(*[{"prediction_id": f"{i}", "prediction": 0.5} for i in range(3)]),
        version="v1",
    )
    port.settle()

    answers = [
        post(port, f"{name}/actuals", b"prediction_id,value\n0,1\n", CSV, key=key and "csv"),
        post(port, f"{name}/actuals", lines({"prediction_id": 1, "actual": 0}), key=key and "lines"),
        post(
            port,
            f"{name}/actuals",
            b'{"actuals": [{"prediction_id": "2", "value": true}]}',
            "application/json",
            key=key,
        ),
    ]

    assert [(one.status_code, one.json()["stored"]) for one in answers] == [(200, 1)] * 3
    assert stored(port, name)["actual_ids"] == 3
    items = port.get(f"/deployments/{name}/predictions")["items"]
    assert sorted(one["actual"] for one in items) == [0.0, 1.0, 1.0]


def test_nothing_is_left_in_the_folder_of_uploads(port: Harbour, name: str) -> None:
    post(port, f"{name}/observations", FORMATS["arrow"][1](ROWS), FORMATS["arrow"][0], key="k", **MEANING)
    post(port, f"{name}/observations", b"garbage", "application/vnd.apache.parquet", version="v1")

    assert list(Path(port.data, "uploads").iterdir()) == []


def test_a_request_is_stored_later_where_the_intake_refuses_for_now(port: Harbour, name: str) -> None:
    from tidegauge_collector.ingest.refusals import Overloaded

    intake = port.collector.doors.uploads.sending._intake
    real, left = intake.accept, [2]

    async def refusing(request: Any) -> int:
        left[0] -= 1
        if left[0] >= 0:
            raise Overloaded("not now", reason="overload", retry_after_ms=1)
        return int(await real(request))

    intake.accept = refusing
    try:
        keyed = post(port, f"{name}/observations", lines({"prediction_id": "a", "x": 1.0}), key="k", version="v1")
        port.until(lambda: left[0] < 0)
    finally:
        intake.accept = real

    assert keyed.status_code == 200  # it is durable
    port.until(lambda: port.collector.doors.uploads.sending.waiting == 0)
    assert stored(port, name)["predictions"] == 1
