"""`tidegauge-collector monitors` and `deployments` against a running collector, and a back-test on its page."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from collector_harbour import Harbour, agent_at, harbour
from collector_rows import REPLAY, give_baseline, record_days
from structlog.testing import capture_logs

from tidegauge_collector.cli import main
from tidegauge_collector.core.default_monitors import DEFAULT_MONITORS
from tidegauge_collector.jobs import backtesting

HEALTHY, BROKEN = 0.0, 40.0
FILE = '[[monitors]]\nid = "drift"\nfailing = 0.3\n\n[[monitors]]\nid = "own"\nmetric = "missing_rate"\ncolumns = "*"\nfailing = 0.5\n'
SHIFTS = [HEALTHY, BROKEN, BROKEN, HEALTHY, HEALTHY, HEALTHY, BROKEN]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    """A collector with two deployments; each test leaves it with the built-in monitors."""
    folder = tmp_path_factory.mktemp("monitors")
    with harbour(folder / "data") as running:
        for name in ("shop", "bank"):
            with agent_at(running, folder / name, name, alerts="all") as agent:
                give_baseline(agent)
                record_days(agent, REPLAY, SHIFTS if name == "shop" else [HEALTHY])
                running.ship(agent, end=True)
        running.settle()
        yield running


@pytest.fixture
def run(port: Harbour, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """Runs a command: exit code and what it said."""
    monkeypatch.setenv("TIDEGAUGE_DATA", str(port.data))

    def ran(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        with capture_logs():  # the collector's, of which none may stand between the lines of a command
            code = main(arguments)
        said = capsys.readouterr()
        return code, said.out + said.err

    yield ran
    for one in port.get("/monitors")["items"]:
        if one["origin"] != "default":
            port.client.delete(f"/api/v1/monitors/{one['id']}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "monitors.toml"
    path.write_text(FILE)
    return path


def test_what_is_planned_and_applied_is_exported_and_planning_that_changes_nothing(
    run: Any, file: Path, tmp_path: Path
) -> None:
    planned = run("monitors", "plan", str(file), "--exit-code")
    applied = run("monitors", "apply", str(file), "--yes")
    exported = run("monitors", "export", "--out", str(tmp_path / "export.toml"))
    again = run("monitors", "plan", str(tmp_path / "export.toml"), "--prune", "--exit-code")

    assert planned[0] == 3
    assert "~ drift  (default -> file)\n    failing  0.25 -> 0.3" in planned[1]
    assert "bank, shop\n  ~ drift: failing 0.25 -> 0.3\n  + own" in planned[1]
    assert (applied[0], "done: 1 created, 1 changed, 0 removed, in 2 deployment(s)" in applied[1]) == (0, True)
    assert (exported[0], again[0], "no changes" in again[1]) == (0, 0, True)


def test_pruning_takes_away_what_is_in_no_file(run: Any, file: Path) -> None:
    run("monitors", "apply", str(file), "--yes")
    file.write_text('[[monitors]]\nid = "own"\nmetric = "missing_rate"\ncolumns = "*"\nfailing = 0.5\n')

    left = run("monitors", "plan", str(file))
    pruned = run("monitors", "apply", str(file), "--prune", "--yes")

    assert "left as they are (--prune takes them away): drift" in left[1]
    assert "~ drift  (file -> default)" in pruned[1]


def test_nothing_is_applied_where_nobody_can_be_asked(run: Any, file: Path, port: Harbour) -> None:
    code, said = run("monitors", "apply", str(file))

    assert (code, "say --yes" in said) == (78, True)
    assert "own" not in [one["id"] for one in port.get("/monitors")["items"]]


def test_a_monitor_is_listed_shown_and_deleted(run: Any, file: Path) -> None:
    run("monitors", "apply", str(file), "--yes")

    listed, shown = run("monitors", "list"), run("monitors", "show", "own", "--json")
    standing = run("monitors", "list", "--deployment", "shop")
    deleted, gone = run("monitors", "delete", "own", "--yes"), run("monitors", "show", "own")

    assert [line.split()[0] for line in listed[1].splitlines()] == [
        *("ID", *(one.id for one in DEFAULT_MONITORS), "own")
    ]
    assert json.loads(shown[1])["failing"] == 0.5
    assert any(line.startswith("drift") and "failing" in line and "amount" in line for line in standing[1].splitlines())
    assert (deleted[0], gone[0], "no monitor 'own' is defined" in gone[1]) == (0, 78, True)


def test_a_backtest_says_when_it_would_have_fired_and_changes_nothing(
    run: Any, file: Path, port: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = port.get("/alerts")
    whole = json.loads(run("monitors", "backtest", str(file), "--json")[1])
    monkeypatch.setattr(backtesting, "PIECE_SECONDS", 0.0)  # a piece for every few windows
    monkeypatch.setattr(backtesting, "WINDOWS_AT_ONCE", 1)
    pieces = json.loads(run("monitors", "backtest", str(file), "--json")[1])
    told = run("monitors", "backtest", str(file), "--deployment", "shop", "--monitor", "drift", "--exit-code")
    late = run("monitors", "backtest", str(file), "--deployment", "shop", "--last", "1d", "--json")

    assert whole == pieces
    (drift,) = [one for one in whole["items"] if (one["deployment"], one["monitor"]) == ("shop", "drift")]
    times = [(one["opened"], one["resolved"], one["bad_windows"]) for one in drift["episodes"]]
    assert times == [
        ("2025-06-04T00:00:00Z", "2025-06-07T00:00:00Z", 2),
        ("2025-06-09T00:00:00Z", None, 1),
    ]
    assert {one["deployment"] for one in whole["items"]} == {"shop", "bank"}
    assert (told[0], "shop  drift: would have fired 2 times" in told[1]) == (3, True)
    assert sum(one["windows"] for one in json.loads(late[1])["items"]) <= 4
    assert port.get("/alerts") == before


def test_a_backtest_that_goes_on_from_form_to_form_ends_as_one_in_one_form(
    port: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(**more: str) -> str:
        fields = {"monitor": "drift", "warning": "", "failing": "0.3", **more}
        page = port.client.post("/deployments/shop/monitors/try", data=fields, headers={"Accept-Language": "en"})
        (told,) = re.findall(r"<output [^>]*data-told>.*?</div>", page.text, re.DOTALL)
        return str(told)

    whole = answer(do="backtest")
    monkeypatch.setattr(backtesting, "PIECE_SECONDS", 0.0)
    monkeypatch.setattr(backtesting, "WINDOWS_AT_ONCE", 1)
    pieces = [answer(do="backtest", pieces="2")]
    while found := re.search(r'name="so_far" value="([^"]+)"', pieces[-1]):
        pieces.append(answer(do="go_on", pieces="2", so_far=found[1]))

    assert "2 alerts would have been: amount 4 Jun 2025, amount 9 Jun 2025" in whole
    assert pieces[-1] == whole
    assert ["So far: " in one for one in pieces] == [True] * (len(pieces) - 1) + [False]
    assert len(pieces) > 2


@pytest.mark.parametrize(
    ("table", "options", "code", "words"),
    [
        ('kind = "no_data"\nmetric = "predictions"', (), 1, "not tried on history"),
        ('metric = "psy"\nfailing = 1', (), 1, "metric 'psy' is no metric; did you mean 'psi'"),
        ('metric = "psi"\nfailing = 1', ("--deployment", "nowhere"), 78, "there are bank, shop"),
        ('metric = "psi"\nfailing = 1', ("--monitor", "other"), 78, "the files have new"),
        ('metric = "psi"\nfailing = 1', ("--last", "soon"), 78, "30d or 12h"),
        ('metric = "psi"\nfailing = 1', ("--last", "1d", "--from", "2025-06-02"), 78, "say two things"),
    ],
)
def test_a_backtest_that_cannot_be_is_refused(
    run: Any, tmp_path: Path, table: str, options: tuple[str, ...], code: int, words: str
) -> None:
    path = tmp_path / "new.toml"
    path.write_text(f'[[monitors]]\nid = "new"\n{table}\n')

    found = run("monitors", "backtest", str(path), *options)

    assert (found[0], words in found[1]) == (code, True), found[1]


def test_every_problem_of_every_file_is_told(run: Any, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[[monitors]]\nid = "drift"\nfaling = 1\n')
    (tmp_path / "b.json").write_text('{"monitors": [{"id": "x", "metric": 3}]}')
    (tmp_path / "c.yaml").write_text("monitors:\n- id: drift\n  every_s: 1w\n")
    (tmp_path / "d.toml").write_text("[[")

    code, said = run("monitors", "plan", str(tmp_path), str(tmp_path / "e.txt"), str(tmp_path / "f.toml"))

    assert code == 78
    for name in (
        "a.toml: monitors[1] 'drift': faling",
        "b.json: monitors[1] 'x': metric = 3",
        "c.yaml",
        "d.toml",
        "f.toml",
    ):
        assert name in said, name
    assert "e.txt: unknown kind of file" in said


def test_yaml_and_json_say_the_same_as_toml(run: Any, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("monitors:\n- id: drift\n  every_s: 1d\n  failing: 0.3\n")
    (tmp_path / "b.json").write_text('{"monitors": [{"id": "auc", "enabled": false}]}')

    code, said = run("monitors", "plan", str(tmp_path))

    assert (code, "failing  0.25 -> 0.3" in said, "enabled  True -> False" in said) == (0, True, True)


def test_scenarios_run_without_a_collector_with_the_monitors_of_files(run: Any, file: Path, tmp_path: Path) -> None:
    case = "case drift at 0.28 is no failure\nmonitor drift\n  significance = 1e-9\nseries psi a p=0: 0.28x2\nat 1: firing warning\n"
    scenario = tmp_path / "case.txt"
    scenario.write_text(case)

    with_file = run("monitors", "test", str(scenario), "--monitors", str(file))
    without = run("monitors", "test", str(scenario))
    scenario.write_text("nonsense")
    wrong = run("monitors", "test", str(scenario))

    assert (with_file[0], without[0], wrong[0]) == (0, 1, 78)
    assert "1 of 1 case(s) hold" in with_file[1]
    assert "case.txt: line 5" in without[1]


def test_scenarios_say_what_people_are_told_in_a_silence(run: Any, tmp_path: Path) -> None:
    case = "case silenced\nmonitor drift\nseries psi a: 0.3x3\nsilence 1-2\ntold at 1-2: nothing\ntold at 3: {}\n"
    (tmp_path / "right.txt").write_text(case.format("opened"))
    (tmp_path / "wrong.txt").write_text(case.format("nothing"))

    right = run("monitors", "test", str(tmp_path / "right.txt"))
    wrong = run("monitors", "test", str(tmp_path / "wrong.txt"))

    assert (right[0], wrong[0]) == (0, 1)
    assert "line 6: silenced: expected told at 3: nothing, found at 3: opened" in wrong[1]


def test_where_no_collector_runs_it_says_what_to_do(run: Any, tmp_path: Path) -> None:
    absent = run("monitors", "list", "--data", str(tmp_path))
    silent = run("monitors", "list", "--url", "http://127.0.0.1:9")
    wrong = run("monitors", "list", "--url", "ftp://x")

    assert (absent[0], "start it (`tidegauge-collector serve --data" in absent[1]) == (1, True)
    assert (silent[0], "does not answer" in silent[1]) == (1, True)
    assert (wrong[0], "write http://HOST:PORT" in wrong[1]) == (78, True)


def test_a_deployment_is_described_from_the_command_line(run: Any) -> None:
    done = run("deployments", "set", "bank", "--owner", "anna", "--label", "team=x", "--label", "tier=1")
    run("deployments", "set", "bank", "--remove-label", "tier", "--importance", "high")
    listed = json.loads(run("deployments", "list", "--json")[1])["items"]
    table = run("deployments", "list")[1]
    refused = run("deployments", "set", "bank", "--runbook", "wiki")

    bank = next(one for one in listed if one["name"] == "bank")
    assert "bank: owner, labels set" in done[1]
    assert (bank["owner"], bank["importance"], bank["labels"]) == ("anna", "high", {"team": "x"})
    assert "team=x" in table
    assert (refused[0], "https://" in refused[1]) == (1, True)
    assert run("deployments", "set", "bank")[0] == 78
