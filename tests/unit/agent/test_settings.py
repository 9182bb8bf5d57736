"""Options: parsed once, all problems together, the environment wins."""

from pathlib import Path
from typing import Any

import pytest

from tidegauge.core.columns import ColumnKind
from tidegauge.errors import UsageError
from tidegauge.settings import AgentSettings, parse_settings


def parse(environment: dict[str, str] | None = None, **options: Any) -> AgentSettings:
    return parse_settings({"deployment": "flights-delay", "spool": "/tmp/s"} | options, environment or {})


def test_defaults_ship_to_the_loopback_by_a_process() -> None:
    settings = parse()

    assert (settings.collector, settings.shipper, settings.role) == ("grpc://127.0.0.1:8643", "process", "champion")
    assert settings.enabled


def test_the_environment_wins_over_the_options() -> None:
    environment = {
        "TIDEGAUGE_VERSION": "from-env",
        "TIDEGAUGE_SEGMENTS": "carrier, origin",
        "TIDEGAUGE_ENABLED": "no",
        "TIDEGAUGE_KINDS": "hour=categorical, a=b=numeric",
    }

    settings = parse(environment, version="from-code", segments=["x"], enabled=True)

    assert (settings.version, settings.segments, settings.enabled) == ("from-env", ("carrier", "origin"), False)
    assert settings.kinds == {"hour": ColumnKind.CATEGORICAL, "a=b": ColumnKind.NUMERIC}


def test_all_problems_are_reported_at_once_with_value_and_fix() -> None:
    with pytest.raises(UsageError) as caught:
        parse(deployment="Flights Delay", version="", shipper="pigeon", kinds={"x": "colour"}, time_zone="Mars/Olympus")

    message = str(caught.value)
    for part in (
        "deployment='Flights Delay': use lower-case letters",
        "version='': use 1 to 128 printable characters",
        "shipper='pigeon': expected one of 'process', 'thread', 'none'",
        "'colour' is no kind: use one of numeric, categorical",
        "time_zone='Mars/Olympus': no time zone of that name",
    ):
        assert part in message


def test_a_misspelt_option_is_named_with_the_one_that_was_meant() -> None:
    with pytest.raises(UsageError, match="verson='1': no such option, did you mean 'version'"):
        parse(verson="1")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"collector": "http://h:1"}, r"collector='http://h:1': write grpcs://HOST:PORT"),
        ({"collector": "grpc://h:1"}, r"would send in the clear: use grpcs://, or say insecure=True"),
        ({"collector": "grpcs://h:port"}, r"collector='grpcs://h:port': write"),
        ({"collector": "grpcs://"}, r"write grpcs://HOST:PORT"),
        ({"version": "a\nb"}, "printable"),
        ({"version": "\ud800"}, "printable"),
        ({"version": 2026}, "a int, expected text"),
        ({"segments": [1]}, "list of column names"),
        ({"segments": ["carrier&"]}, "intersections of them such as 'carrier&origin'"),
        ({"sample": "some"}, r"sample='some': expected a share above 0 and at most 1"),
        ({"sample": True}, "expected a share"),
        ({"buffer_bytes": float("inf")}, "buffer_bytes=inf: expected a whole number from 65536"),
        ({"buffer_bytes": 10**400}, "expected a whole number"),
        ({"spool_quota_bytes": "much"}, "spool_quota_bytes='much': expected a whole number from 1048576"),
        ({"segment_values": 2.5}, "expected a whole number from 1 to 1000"),
        ({"enabled": "perhaps"}, "expected true or false"),
        ({"alerts": "loud"}, "expected one of 'live', 'all'"),
        ({"kinds": {"x": "log_linear"}}, "no kind"),
        ({"deployment": "a" * 129}, "at most 128"),
    ],
)
def test_a_wrong_option_is_refused_with_the_fix(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        parse(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"collector": "grpc://h:1", "insecure": True},
        {"collector": "grpc://h:1", "insecure": "true"},
        {"collector": "grpcs://h"},
        {"collector": "grpc://[::1]:8643"},
        {"time_zone": "Europe/Berlin"},
        {"version": "v 1.0/β"},
    ],
)
def test_a_right_option_is_accepted(options: dict[str, Any]) -> None:
    assert parse(**options)


def test_the_spool_root_is_one_for_each_collector(tmp_path: Path) -> None:
    one, other = (parse(spool=tmp_path, collector=f"grpcs://h{i}:1").root for i in range(2))

    assert one.parent == other.parent == tmp_path
    assert one != other


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"deployment": None}, "deployment: none is given, write init.* or set TIDEGAUGE_DEPLOYMENT"),
        ({"spool": ""}, "spool='': expected a path"),
        ({"ca_file": ""}, "ca_file='': expected a path"),
        ({"user_errors": [5]}, r"user_errors=\[5\]: expected exception classes or their names"),
    ],
    ids=["no deployment", "spool", "ca_file", "user_errors"],
)
def test_what_is_empty_or_of_another_type_is_named(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        parse(**options)
