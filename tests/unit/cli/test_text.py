"""How the commands write numbers, tables and foreign text."""

import pytest

from tidegauge.cli import text


@pytest.mark.parametrize(
    ("size_bytes", "shown"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB")]
)
def test_sizes_are_short(size_bytes: int, shown: str) -> None:
    assert text.size(size_bytes) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, "-"), (3.2, "3 s"), (90, "1.5 min"), (7200, "2.0 h"), (172800, "2.0 d")]
)
def test_ages_are_short(seconds: float | None, shown: str) -> None:
    assert text.age(seconds) == shown


def test_numbers_stand_to_the_right_and_names_to_the_left() -> None:
    shown = text.table(("NAME", "COUNT"), [("a", "1"), ("bcdef", "1,000")])

    assert shown == "NAME   COUNT\na          1\nbcdef  1,000"


def test_text_from_a_spool_cannot_steer_a_terminal() -> None:
    assert text.printable("a\x1b[2J\u202e\n\x9b") == "a\\x1b[2J\\u202e\\n\\x9b"
    assert "\x1b" not in text.table(("A",), [("\x1b[2J",)])


def test_json_is_ascii_whatever_names_hold(capsys: pytest.CaptureFixture[str]) -> None:
    text.print_json({"name": "\x9b\u202eü"})

    assert capsys.readouterr().out.isascii()


def test_counts_leave_zeros_out() -> None:
    assert text.counts({"quota": 1200, "merged": 0, "corrupt": 1}) == "1 corrupt, 1,200 quota"
    assert text.counts({}) == "-"
