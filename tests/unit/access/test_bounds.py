"""Guesses are counted in a table that cannot grow; sessions end by themselves."""

from tidegauge_collector.access.attempts import Attempts, network_of
from tidegauge_collector.access.sessions import LIFE_US, Sessions

SECOND_US = 1_000_000


def test_guesses_of_an_address_are_put_off_until_the_minute_is_over() -> None:
    attempts = Attempts(guesses=3)

    for second in range(3):
        assert attempts.wait_us("192.0.2.1", second * SECOND_US) == 0
        attempts.wrong("192.0.2.1", second * SECOND_US)

    assert attempts.wait_us("192.0.2.1", 10 * SECOND_US) == 50 * SECOND_US
    assert attempts.wait_us("192.0.2.2", 10 * SECOND_US) == 0
    assert attempts.wait_us("192.0.2.1", 60 * SECOND_US) == 0


def test_clock_that_goes_back_shuts_nobody_out_for_long() -> None:
    attempts = Attempts(guesses=1)
    attempts.wrong("192.0.2.1", 1_000 * SECOND_US)

    assert attempts.wait_us("192.0.2.1", 0) == 0


def test_table_of_addresses_is_bounded_and_forgets_the_longest_silent() -> None:
    attempts = Attempts(guesses=1, max_addresses=3)

    for number in range(10):
        attempts.wrong(f"192.0.2.{number}", 0)

    assert len(attempts) == 3
    assert [attempts.wait_us(f"192.0.2.{number}", 1) > 0 for number in (6, 7, 8, 9)] == [False, True, True, True]


def test_neighbours_in_one_ipv6_network_are_one() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::2") == "2001:db8::/64"
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")
    assert network_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert network_of("unix:" + "x" * 100) == "unix:" + "x" * 59


def test_session_ends_after_its_time_or_when_told_to() -> None:
    sessions = Sessions()
    one, other = sessions.begin("a", 0), sessions.begin("b", 0)

    assert sessions.token_of(one, LIFE_US - 1) == "a"
    assert sessions.token_of(one, LIFE_US) is None
    sessions.end(other)
    assert sessions.token_of(other, 1) is None
    assert sessions.token_of("guessed", 1) is None
    assert len(sessions) == 0


def test_sessions_are_bounded_and_the_oldest_goes() -> None:
    sessions = Sessions(max_sessions=2)

    names = [sessions.begin(str(number), 0) for number in range(3)]

    assert [sessions.token_of(name, 1) for name in names] == [None, "1", "2"]
