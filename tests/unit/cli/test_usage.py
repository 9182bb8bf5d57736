"""What every command keeps to: help with examples, exit codes, nothing loaded that it does not need."""

import subprocess
import sys
from pathlib import Path

import pytest

from tidegauge.cli import main

COMMANDS = ("ship", "spool status", "spool verify", "spool export", "spool import", "doctor", "dump")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])

    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert f"examples:\n  tidegauge {command}" in shown
    assert command == "ship" or "exit codes: 0 well" in shown or "exit codes: 0 everything" in shown


@pytest.mark.parametrize("arguments", [[], ["spool"]])
def test_without_a_command_the_help_is_shown(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert "examples:" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["spool", "status", "--root", "missing"],
        ["spool", "status", "--spool", "missing"],
        ["spool", "verify", "--root", "file"],
        ["spool", "export", "--spool", "empty", "--to", "new.tgspool"],
        ["spool", "import", "file", "--spool", "empty"],
        ["dump", "--spool", "missing"],
        ["doctor", "--spool", "missing"],
        ["doctor", "--token-file", "file"],
        ["doctor", "--collector", "http://wrong"],
    ],
)
def test_wrong_usage_exits_with_2_and_names_the_command(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")

    code = main(arguments)

    command = " ".join(arguments[:2]) if arguments[0] == "spool" else arguments[0]
    assert code == 2
    assert capsys.readouterr().err.startswith(f"tidegauge {command}: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file"]


@pytest.mark.parametrize(
    "arguments", [["spool", "verify", "--bogus"], ["dump", "--root", "a", "--spool", "b"], ["nonsense"]]
)
def test_unknown_flags_and_contradictions_exit_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2


def test_commands_on_a_spool_load_no_grpc(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from tidegauge.cli import main
from tidegauge.spool import SpoolWriter
spool = Path(sys.argv[1])
with SpoolWriter(spool / "0-root") as writer:
    writer.append(5, b"")
    writer.commit()
for command in ("spool status", "spool verify", "dump", "dump --summary", "spool export --to %s/p" % spool, "doctor"):
    main([*command.split(), "--spool", str(spool)])
main(["spool", "import", str(spool / "p"), "--root", str(spool / "carried")])
print(sorted({"grpc", "pandas", "scipy"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    script = "import sys; from tidegauge.cli import main; sys.exit(main(sys.argv[1:]))"
    from tidegauge.spool import SpoolWriter

    with SpoolWriter(tmp_path / "0-root") as writer:
        for _ in range(400):
            writer.append(5, b"x" * 1000)
        writer.commit()

    with subprocess.Popen(
        [sys.executable, "-c", script, "dump", "--spool", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as dump:
        assert dump.stdout is not None
        assert dump.stderr is not None
        dump.stdout.read(10)
        dump.stdout.close()
        complaints = dump.stderr.read()

    assert (dump.returncode, complaints) == (0, b"")
