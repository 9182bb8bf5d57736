import pytest

from flights_demo.__main__ import MARKER, main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--months", "10"], "'10' is not a number of months from 1 to 9"),
        (["--days", "0"], "'0' is not a number of days from 1 to 275"),
        (["--shift", "hour:2013-09-01:2013-10-01"], "'hour' has no other units"),
        (["--months", "1", "--days", "2"], "not allowed with argument"),
    ],
)
def test_a_wrong_command_line_is_refused_with_the_cure(capsys, arguments, message):
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_help_names_every_option_and_exit_code(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])

    shown = capsys.readouterr().out
    assert all(name in shown for name in ("--shift", "--chaos", "--months", "--exit", "--data", "--keep", "DEMO_EXIT"))


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")

    with pytest.raises(SystemExit, match="not empty and not of an earlier demo"):
        main(["--data", str(tmp_path)])

    assert (tmp_path / "thesis.tex").exists()
    assert not (tmp_path / MARKER).exists()
