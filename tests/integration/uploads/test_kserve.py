"""KServe's request and response events over HTTP: halves joined, rows stored, what is lost counted."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from collector_harbour import Harbour, harbour

TYPE = "org.kubeflow.serving.inference."
numbers = itertools.count()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    with harbour(tmp_path_factory.mktemp("kserve") / "data") as running:
        yield running


@pytest.fixture
def service(port: Harbour) -> str:
    return f"service-{next(numbers)}"


def binary(
    port: Harbour, service: str, half: str, data: Any, *, id_: str = "a", second: str = "00", **more: str
) -> Any:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": id_,
        "ce-type": TYPE + half,
        "ce-source": "http://localhost:9081/",
        "ce-time": f"2025-06-02T10:00:{second}.123456789Z",
        "ce-inferenceservicename": service,
        "ce-namespace": "default",
        "ce-endpoint": "",
        "content-type": "application/json",
        **{f"ce-{name}": value for name, value in more.items()},
    }
    return port.client.post("/api/v1/intake/kserve", content=json.dumps(data), headers=headers)


def flush(port: Harbour) -> None:
    port.call(port.collector.doors.kserve.flush())
    port.settle()


def counted(port: Harbour, name: str) -> int:
    return int(port.collector.service.counters.value("kserve", name))


def test_features_keep_their_values_whatever_they_are_called(port: Harbour, service: str) -> None:
    names = ["prediction_id", "timestamp", "latency_s", "prediction", "prediction_label", "actual", "kserve:id"]
    asked = {"instances": [dict.fromkeys(names, float(number)) for number in range(3)]}

    binary(port, service, "request", asked)
    binary(port, service, "response", {"predictions": [0.1, 0.2, 0.3]}, second="01")
    flush(port)

    stored = {one["name"] for one in port.get(f"/deployments/{service}")["columns"]}
    moved = {"prediction_label", "actual", "kserve:id"}
    assert stored >= {name for name in names if name not in moved} | {f"input.{name}" for name in moved}


def test_v1_halves_are_joined_in_any_order_and_stored_as_rows(port: Harbour, service: str) -> None:
    asked = {"instances": [[1.0, "UA"], [2.0, "AA"], [3.0, "UA"]]}

    first = binary(port, service, "response", {"predictions": [0.1, 0.2, 0.3]}, second="01")
    second = binary(port, service, "request", asked, second="00")
    flush(port)

    assert (first.status_code, second.status_code) == (202, 202), (first.text, second.text)
    found = port.get(f"/deployments/{service}")
    assert [(one["name"], one["kind"]) for one in found["columns"]] == [
        ("_prediction", "numeric"),
        ("f0", "numeric"),
        ("f1", "categorical"),
    ]
    assert [one["version"] for one in found["versions"]] == ["default"]
    rows = port.get(f"/deployments/{service}/predictions")["items"]
    assert sorted(row["score"] for row in rows) == [0.1, 0.2, 0.3]
    assert {row["event_time"] for row in rows} == {"2025-06-02T10:00:00.123456Z"}
    assert port.values(service, "requests")[0]["value"] == 1  # the latency of a call counts once


def test_v2_tensors_are_columns_and_the_response_names_the_version(port: Harbour, service: str) -> None:
    asked = {
        "inputs": [
            {"name": "distance", "shape": [2, 1], "datatype": "FP64", "data": [100.0, 200.0]},
            {"name": "carrier", "shape": [2], "datatype": "BYTES", "data": ["UA", "AA"]},
        ]
    }
    answered = {
        "model_name": "m",
        "model_version": "7",
        "outputs": [{"name": "p", "shape": [2, 3], "datatype": "FP64", "data": [[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]]}],
    }

    binary(port, service, "request", asked, namespace="prod")
    binary(port, service, "response", answered, namespace="prod")
    flush(port)

    found = port.get(f"/deployments/prod.{service}")
    assert [one["version"] for one in found["versions"]] == ["7"]
    assert {one["name"] for one in found["columns"]} == {
        "carrier",
        "distance",
        *("_prediction.0", "_prediction.1", "_prediction.2", "_prediction_label"),
    }
    assert sorted(r["label"] for r in port.get(f"/deployments/prod.{service}/predictions")["items"]) == ["0", "2"]


@pytest.mark.parametrize("mode", ["structured", "batch"])
def test_structured_and_batch_mode_are_understood(port: Harbour, service: str, mode: str) -> None:
    common = {"specversion": "1.0", "id": "x", "source": "s", "inferenceservicename": service, "namespace": "default"}
    events = [
        {**common, "type": f"{TYPE}request", "data": {"instances": [{"x": 1.5}]}},
        {**common, "type": f"{TYPE}response", "data": {"predictions": [{"label": "spam", "score": 0.9}]}},
    ]
    bodies: list[Any] = events if mode == "structured" else [events]
    kind = "application/cloudevents+json" if mode == "structured" else "application/cloudevents-batch+json"

    for body in bodies:
        answer = port.client.post(
            "/api/v1/intake/kserve", content=json.dumps(body), headers={"Content-Type": f"{kind}; charset=utf-8"}
        )
        assert answer.status_code == 202, answer.text
    flush(port)

    rows = port.get(f"/deployments/{service}/predictions")["items"]
    assert [(row["score"], row["label"]) for row in rows] == [(0.9, "spam")]


def test_a_repeated_event_counts_once(port: Harbour, service: str) -> None:
    for _ in range(2):
        binary(port, service, "request", {"instances": [[1.0]]})
    for _ in range(2):
        binary(port, service, "response", {"predictions": [1.0]})
    flush(port)
    binary(port, service, "request", {"instances": [[1.0]]})
    flush(port)

    assert port.get(f"/deployments/{service}/status")["stored"]["predictions"] == 1


def test_a_half_whose_other_never_comes_is_counted_and_given_up(port: Harbour, service: str) -> None:
    async def expire() -> None:
        await asyncio.sleep(0)
        port.collector.doors.kserve.expire()

    before = counted(port, "half_missing")
    binary(port, service, "request", {"instances": [[1.0]]})
    port.clock.turn(minutes=2)

    port.call(expire())

    assert counted(port, "half_missing") == before + 1


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ({"instances": [[1.0], [2.0]]}, {"predictions": [1.0]}),
        ({"nothing": 1}, {"predictions": [1.0]}),
        ({"instances": [[1.0]]}, {"error": "no model"}),
        ({"inputs": [{"name": "a", "shape": [3], "data": [1, 2]}]}, {"predictions": [1.0]}),
        ({"inputs": [{"name": "a", "shape": [1], "parameters": {"binary_data_size": 8}}]}, {"predictions": [1.0]}),
    ],
)
def test_halves_that_make_no_rows_are_counted(port: Harbour, service: str, asked: Any, answered: Any) -> None:
    before = counted(port, "unreadable")

    binary(port, service, "request", asked)
    binary(port, service, "response", answered)

    assert counted(port, "unreadable") == before + 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"ce-inferenceservicename": ""}, "inferenceservicename"),
        ({"ce-specversion": "7"}, "specversion"),
        ({"ce-id": ""}, "id"),
        ({"ce-time": "yesterday"}, "time"),
    ],
)
def test_what_is_no_event_of_an_inference_service_is_refused(port: Harbour, changed: dict[str, str], told: str) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "a", "ce-type": f"{TYPE}request", "ce-inferenceservicename": "s"}

    answer = port.client.post("/api/v1/intake/kserve", content=b"{}", headers=headers | changed)

    assert answer.status_code == 400
    assert told in answer.json()["error"]


def test_a_deployment_of_the_loggers_url_that_can_be_none_is_refused_at_once(port: Harbour) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "a", "ce-type": f"{TYPE}request", "ce-inferenceservicename": "s"}

    answer = port.client.post("/api/v1/intake/kserve?deployment=Flights%20Delay", content=b"{}", headers=headers)

    assert answer.status_code == 400
    assert "deployment='Flights Delay' is no slug" in answer.json()["error"]
