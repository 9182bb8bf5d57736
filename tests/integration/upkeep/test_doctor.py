"""doctor and shrink on a stopped collector's directory, and errands of one that runs."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tidegauge_collector.access.certificates import TlsFiles
from tidegauge_collector.cli import main
from tidegauge_collector.errors import StoreFatal
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.upkeep.entrance import look_at_certificate
from tidegauge_collector.upkeep.errands import ErrandFailed, ask, forget_all, serve_all
from tidegauge_collector.upkeep.findings import Report
from tidegauge_collector.upkeep.shrinking import shrink

CHECKS = {
    "versions",
    "collector",
    "disk",
    "telemetry",
    "control",
    "frame_log",
    "clock",
    "gaps",
    "quarantine",
    "backup",
    "certificate",
    "tokens",
}


def doctor(data: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = main(["doctor", "--data", str(data), "--json"])
    return code, json.loads(capsys.readouterr().out)


def states(report: dict[str, Any]) -> dict[str, str]:
    return {one["check"]: one["state"] for one in report["findings"]}


def test_a_directory_in_good_order_is_well(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {one.name: one.read_bytes() for one in data.iterdir() if one.is_file()}

    code, report = doctor(data, capsys)

    assert (code, report["ok"]) == (0, True)
    assert states(report).keys() >= CHECKS
    assert report["figures"]["frame_log"]["waiting"] == 2
    assert {"table": "predictions", "rows": 200} in report["figures"]["telemetry"]["tables"]
    assert report["figures"]["control"]["tables"]["deployments"] == 1
    assert {one.name: one.read_bytes() for one in data.iterdir() if one.name in before} == before


@pytest.mark.parametrize("name", ["telemetry.duckdb", "control.sqlite"])
def test_a_damaged_store_is_bad_and_says_what_to_do(data: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    content = (data / name).read_bytes()
    (data / name).write_bytes(content[: len(content) // 2])

    code, report = doctor(data, capsys)

    found = {one["check"]: one for one in report["findings"]}[name.partition(".")[0]]
    assert (code, found["state"]) == (1, "bad")
    assert "start the collector" in found["next_step"] or "restore --from BACKUP" in found["next_step"]


def test_the_lines_for_people_name_state_matter_and_next_step(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--data", str(data)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("ok    control     pages, indexes and references intact") for line in lines)
    assert any("-> set backup_dir" in line for line in lines)


def test_a_directory_where_no_collector_has_been_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["doctor"], ["shrink"], ["backup", "--to", str(tmp_path / "to")]):
        assert main([*command, "--data", str(tmp_path / "nowhere")]) == 78
        assert "no collector has been here" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


def test_shrinking_gives_free_space_back_and_keeps_every_row(data: Path) -> None:
    path = data / "telemetry.duckdb"
    with TelemetryStore.open(path) as store:
        store._root.execute("CREATE TABLE bloat AS SELECT hash(i) AS a FROM range(2_000_000) AS r(i)")
        store._root.execute("CHECKPOINT")
        store._root.execute("CREATE TABLE behind_it AS SELECT hash(i) AS a FROM range(50_000) AS r(i)")
        store._root.execute("CHECKPOINT")
        store._root.execute("DROP TABLE bloat")
        store._root.execute("CHECKPOINT")

    done = shrink(data)

    assert done.after_bytes == path.stat().st_size < done.before_bytes / 2
    assert (done.rows["predictions"], done.rows["behind_it"]) == (200, 50_000)
    with TelemetryStore.open(path) as store:
        assert len(store.index.marks) == 1


def test_an_errand_is_done_by_whoever_runs_and_its_error_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    is_over = threading.Event()

    def greet(wish: Any, tell: Any) -> str:
        tell("half way 1 2")
        return f"hello {wish['name']}"

    def fail(_wish: Any, _tell: Any) -> None:
        raise StoreFatal("it cannot be done")

    def serve() -> None:
        while not is_over.is_set():
            serve_all(tmp_path, {"greet": greet, "fail": fail})
            is_over.wait(0.02)

    server = threading.Thread(target=serve)
    server.start()
    try:
        options: dict[str, Any] = {"is_alive": lambda: True, "on_progress": told.append}
        assert ask(tmp_path, "greet", wish={"name": "anna"}, **options) == "hello anna"
        with pytest.raises(ErrandFailed, match="the running collector says: it cannot be done"):
            ask(tmp_path, "fail", wish={}, **options)
        with pytest.raises(ErrandFailed, match="asks for nothing that this collector does"):
            ask(tmp_path, "dance", wish={}, **options)
    finally:
        is_over.set()
        server.join()
    assert list((tmp_path / "errands").iterdir()) == []


def test_who_asks_a_collector_that_ends_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ErrandFailed, match="ended before it answered"):
        ask(tmp_path, "backup", wish={}, is_alive=lambda: False, on_progress=print)


def test_what_an_earlier_collector_was_asked_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "errands").mkdir()
    (tmp_path / "errands" / "1.wish").write_text("{}")

    forget_all(tmp_path)

    assert serve_all(tmp_path, {}) == 0


@pytest.mark.parametrize(("days", "state"), [(0, "ok"), (60, "ok"), (80, "warn"), (91, "bad")])
def test_a_certificate_that_expires_is_told_in_time(tmp_path: Path, days: int, state: str) -> None:
    assert main(["certs", "init", "--data", str(tmp_path), "--host", "localhost"]) == 0
    (certificate,) = [one for one in tmp_path.rglob("*.pem") if "server" in one.name and "key" not in one.name]
    (key,) = [one for one in tmp_path.rglob("*") if "server" in one.name and "key" in one.name]
    report = Report()

    look_at_certificate(report, TlsFiles(certificate, key), time.time_ns() // 1_000 + days * 86_400_000_000)

    assert [one.state for one in report.findings] == [state]


def test_a_certificate_that_is_gone_is_bad(tmp_path: Path) -> None:
    report = Report()

    look_at_certificate(report, TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem"), 0)

    assert [one.state for one in report.findings] == ["bad"]


def test_an_errand_that_meets_a_fault_of_ours_is_answered_and_the_next_one_is_done(tmp_path: Path) -> None:
    (tmp_path / "errands").mkdir()
    for name in ("1", "2"):
        (tmp_path / "errands" / f"{name}.wish").write_text(json.dumps({"what": f"do {name}"}))

    def strange(wish: Any, _tell: Any) -> Any:
        return wish["a field that this version does not have"]

    assert serve_all(tmp_path, {"do 1": strange, "do 2": lambda *_: "done"}) == 2
    answers = [json.loads((tmp_path / "errands" / f"{name}.answer").read_text()) for name in ("1", "2")]
    assert answers[1] == {"ok": "done"}
    assert "KeyError" in answers[0]["error"]
    assert serve_all(tmp_path, {}) == 0
