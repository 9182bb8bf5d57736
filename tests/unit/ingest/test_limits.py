"""The intake's limits as an operator states them."""

from pathlib import Path

import pytest

from tidegauge_collector.errors import ConfigError
from tidegauge_collector.settings import load_settings

MIB = 1024 * 1024


def test_quota_of_a_deployment_wins_over_that_of_all(tmp_path: Path) -> None:
    file = tmp_path / "collector.toml"
    file.write_text('quota_mb_per_day = 7\n[quotas]\n"flights-delay" = 50\n', encoding="utf-8")

    limits = load_settings(file, environment={}).intake_limits

    assert (limits.quota("flights-delay"), limits.quota("shop")) == (50 * MIB, 7 * MIB)


def test_quotas_can_be_given_in_the_environment() -> None:
    settings = load_settings(None, environment={"TIDEGAUGE_QUOTAS": "shop=1000, other.one=0,"})

    assert settings.quotas == {"shop": 1_000, "other.one": 0}


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("QUOTAS", "Shop!=5", "is no deployment's name"),
        ("QUOTAS", "shop", "write a whole number"),
        ("QUOTAS", "shop=-1", "from 0 to"),
        ("MAX_CALLS", "0", "from 1 to 1024"),
        ("MAX_CALLS_PER_PEER", "2000", "from 1 to 1024"),
        ("AGENT_FRAMES_PER_SECOND", "0", "from 1 to"),
        ("AGENT_MB_PER_SECOND", "nan", "from 0.01 to"),
        ("MIN_FREE_MB", "1.5", "write a whole number"),
        ("MAX_UNFOLDED_MB", "0", "from 1 to"),
        ("QUOTA_MB_PER_DAY", "much", "write a whole number"),
    ],
)
def test_limit_that_makes_no_sense_is_named_with_its_fix(key: str, value: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as refused:
        load_settings(None, environment={f"TIDEGAUGE_{key}": value})

    assert key.lower() in str(refused.value)
