"""Deletion, export and the history of a prediction as an operator meets them: over HTTP, from the command line, through a restart."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from collector_harbour import Harbour, agent_at, harbour

from tidegauge_collector.cli import main

NAME = "shop"
FIRST = datetime(2025, 6, 2, 10, tzinfo=UTC)
PATH = f"/api/v1/deployments/{NAME}/predictions"


def fill(port: Harbour, spool: Path) -> None:
    with agent_at(port, spool, NAME, shipper="none") as agent:
        ids = ["client-4711", "bob", "eve"]
        agent.record([{"amount": 1.0}] * 3, [0.1, 0.2, 0.3], prediction_ids=ids, timestamps=[FIRST] * 3)
        agent.actuals(["client-4711", "bob"], [1.0, 0.0], timestamps=[FIRST] * 2)
        agent.actuals(["client-4711"], [0.0], timestamps=[FIRST.replace(hour=12)])
        port.ship(agent)
    port.settle()


def stored(port: Harbour) -> list[float]:
    return sorted(one["score"] for one in port.client.get(PATH).json()["items"])


def command(*words: object) -> int:
    return main([str(word) for word in words])


def test_a_prediction_is_shown_with_its_version_and_corrections(tmp_path: Path) -> None:
    with harbour(tmp_path / "data") as port:
        fill(port, tmp_path / "spool")
        by_id = port.client.get(f"{PATH}/client-4711").json()
        by_digest = port.client.get(f"{PATH}/{by_id['prediction_id']}").json()
        unknown = port.client.get(f"{PATH}/zoe")

    assert by_id == by_digest
    assert [(one["score"], one["role"]) for one in by_id["answers"]] == [(0.1, "champion")]
    assert [one["value"] for one in by_id["actuals"]] == [1.0, 0.0]
    assert by_id["actual"] == 0.0
    assert unknown.status_code == 404


def test_a_deleted_id_is_gone_recorded_by_its_digest_and_stays_gone_after_a_restart(tmp_path: Path) -> None:
    with harbour(tmp_path / "data") as port:
        fill(port, tmp_path / "spool")
        wish = {"deployment": NAME, "prediction_id": "client-4711"}
        planned = port.client.post("/api/v1/deletions", json=wish).json()
        before = stored(port)
        done = port.client.post("/api/v1/deletions", json={**wish, "confirm": True}).json()
        after = stored(port)
        port.restart()
        listed = port.client.get("/api/v1/deletions").json()["items"]
        restarted = stored(port)

    assert planned == {"dry_run": True, "would_remove": {"predictions": 1, "actuals": 2}}
    assert before == [0.1, 0.2, 0.3]
    assert after == restarted == [0.2, 0.3]
    assert done["removed"] == planned["would_remove"]
    assert listed == [done]
    assert "client-4711" not in str(listed)
    assert not any(b"client-4711" in one.read_bytes() for one in (tmp_path / "data").glob("control.sqlite*"))


@pytest.mark.parametrize(
    ("wish", "status", "text"),
    [
        ({}, 400, "deployment is missing"),
        ({"deployment": "nowhere"}, 404, "does not exist"),
        ({"deployment": NAME, "version": "9"}, 404, "was never seen"),
        ({"deployment": NAME, "prediction_digest": "abc"}, 400, "32 hexadecimal digits"),
        ({"deployment": NAME, "prediction_id": "a", "version": "1"}, 400, "leave out version"),
        ({"deployment": NAME, "start": "soon"}, 400, "write a time"),
        ({"deployment": NAME, "confirm": "yes"}, 400, "write true"),
        ({"deployment": NAME, "model": "1"}, 400, "unknown field"),
        ([], 400, "no JSON object"),
    ],
)
def test_what_cannot_be_deleted_is_refused_with_the_reason(
    tmp_path: Path, wish: object, status: int, text: str
) -> None:
    with harbour(tmp_path / "data") as port:
        fill(port, tmp_path / "spool")
        answer = port.client.post("/api/v1/deletions", json=wish)

    assert answer.status_code == status
    assert text in answer.json()["error"]


@pytest.mark.parametrize("running", [True, False])
def test_the_commands_delete_and_export_beside_a_running_collector_and_of_a_stopped_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], running: bool
) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    words = ["--data", data, "--deployment", NAME]
    with harbour(data) as port:
        fill(port, tmp_path / "spool")
        if running:
            _delete_and_export(words, out)
    if not running:
        _delete_and_export(words, out)
    said = capsys.readouterr()

    assert "would delete" in said.out
    assert "recorded as" in said.out
    assert pq.read_table(out / "records.parquet")["score"].to_pylist() == [0.2, 0.3]
    assert pq.read_table(out / "actuals.parquet")["value"].to_pylist() == [0.0]
    assert {one["column"] for one in pq.read_table(out / "profiles.parquet").to_pylist()} >= {"amount"}


def _delete_and_export(words: list[object], out: Path) -> None:
    assert command("delete", *words, "--prediction-id", "client-4711") == 0
    assert command("delete", *words, "--prediction-id", "client-4711", "--yes") == 0
    assert command("export", *words, "--to-dir", out) == 0


def test_commands_say_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with harbour(tmp_path / "data"):
        pass
    words = ["--data", tmp_path / "data", "--deployment", NAME]

    assert command("export", *words, "--to-dir", tmp_path / "out") == 78
    assert command("delete", *words, "--from", "soon") == 78
    assert command("delete", *words, "--yes") == 78
    assert not (tmp_path / "out").exists()
    assert capsys.readouterr().err.count("tidegauge-collector:") == 3


def test_an_export_streams_parquet(tmp_path: Path) -> None:
    with harbour(tmp_path / "data") as port:
        fill(port, tmp_path / "spool")
        answer = port.client.get(f"/api/v1/deployments/{NAME}/export", params={"what": "actuals"})
        wrong = port.client.get(f"/api/v1/deployments/{NAME}/export", params={"what": "everything"})

    assert pq.read_table(io.BytesIO(answer.content)).num_rows == 3
    assert wrong.status_code == 400
