"""The collector's settings: parsed once, all problems at once."""

import re
from pathlib import Path

import pytest

from tidegauge_collector.errors import ConfigError
from tidegauge_collector.settings import Address, load_settings

SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "collector.toml"
    path.write_text(text)
    return path


def test_defaults_listen_on_this_machine_only() -> None:
    settings = load_settings(None, environment={})

    assert settings.http == Address("127.0.0.1", 8642)
    assert settings.grpc == Address("127.0.0.1", 8643)
    assert settings.channels == ()


def test_flags_win_over_environment_over_file(tmp_path: Path) -> None:
    path = write(tmp_path, 'http = "127.0.0.1:1"\ngrpc = "127.0.0.1:2"\nmemory_limit_mb = 512\n')

    settings = load_settings(
        path,
        environment={"TIDEGAUGE_HTTP": "127.0.0.1:3", "TIDEGAUGE_GRPC": "127.0.0.1:4"},
        flags={"http": "127.0.0.1:5"},
    )

    assert (settings.http.port, settings.grpc.port, settings.memory_limit_mb) == (5, 4, 512)


def test_all_problems_are_reported_together_with_key_and_fix(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        htpp = "127.0.0.1:8642"
        grpc = "nonsense"
        log_format = "xml"
        memory_limit_mb = 3
        [[channels]]
        name = "a"
        url = "ftp://x"
        secret_env = "NOT_SET"
        colour = "red"
        """,
    )

    with pytest.raises(ConfigError) as caught:
        load_settings(path, environment={})

    text = str(caught.value)
    assert caught.value.exit_code == 78
    for part in ("htpp: unknown key; did you mean 'http'?", "grpc = 'nonsense'", "log_format", "memory_limit_mb = 3"):
        assert part in text
    for part in ("channels[1].secret_env: the variable NOT_SET is not set", "channels[1].colour: unknown key"):
        assert part in text
    assert text.startswith("6 problem(s)")


def test_listening_beyond_loopback_is_refused_unless_said(tmp_path: Path) -> None:
    path = write(tmp_path, 'http = "0.0.0.0:8642"\n')

    with pytest.raises(ConfigError, match="without TLS and tokens"):
        load_settings(path, environment={})
    assert load_settings(path, environment={"TIDEGAUGE_INSECURE": "true"}).http.host == "0.0.0.0"


def test_a_channel_takes_its_secret_from_file_or_environment(tmp_path: Path) -> None:
    secret_file = tmp_path / "secret"
    secret_file.write_text(SECRET + "\n")
    path = write(
        tmp_path,
        f"""
        [[channels]]
        name = "a"
        url = "https://example.org/a"
        secret_file = "{secret_file}"
        [[channels]]
        name = "b"
        url = "https://example.org/b"
        secret_env = "HOOK"
        """,
    )

    settings = load_settings(path, environment={"HOOK": SECRET})

    assert [channel.secret for channel in settings.channels] == [SECRET, SECRET]
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a = [", "is not TOML"), ('channels = "x"', "write each channel as a"), ("data = 5", "data = 5")],
)
def test_a_malformed_file_is_a_configuration_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_settings(write(tmp_path, text), environment={})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml does not exist"):
        load_settings(tmp_path / "nowhere.toml", environment={})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("baseline_rows = 150.5", "baseline_rows = 150.5: write a whole number from 100 to 10000000"),
        ('baseline_rows = "many"', r"baseline_rows = 'many': write a whole number"),
        ("memory_limit_mb = true", "memory_limit_mb = True: write a number"),
        ("baseline_days = nan", "baseline_days = nan: write a number from 0 to 365"),
        ('http = "127.0.0.1:70000"', "http = '127.0.0.1:70000': write HOST:PORT"),
        ('http = ":8642"', "http = ':8642': write HOST:PORT"),
        ("[[channels]]\nname = 5", r"channels\[1\].name = 5: write text in quotes"),
        ('[[channels]]\nkind = "mail"', r"channels\[1\].kind = 'mail': this version knows webhook, slack"),
    ],
)
def test_a_wrong_value_is_named_with_its_fix(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)

    with pytest.raises(ConfigError, match=message):
        load_settings(path, environment={})


def test_a_secret_file_that_is_no_text_is_a_problem_like_others(tmp_path: Path) -> None:
    secret_file = tmp_path / "secret"
    secret_file.write_bytes(b"\xff\xfe")
    path = write(tmp_path, f'[[channels]]\nname = "a"\nurl = "https://x.org"\nsecret_file = "{secret_file}"')

    with pytest.raises(ConfigError, match="is no text"):
        load_settings(path, environment={})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('tls_cert = "a.pem"', "tls_cert and tls_key: TLS needs both"),
        ('tls_client_ca = "ca.pem"', "tls_client_ca: clients show certificates over TLS only"),
        ('access = "maybe"', "access = 'maybe': write one of auto, required"),
        ('tls_cert = ""', "tls_cert = '': write the path of a file"),
    ],
)
def test_access_that_makes_no_sense_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(problem)):
        load_settings(write(tmp_path, text), environment={})


def test_beyond_loopback_with_tls_tokens_are_required_and_on_loopback_where_asked_for(tmp_path: Path) -> None:
    tls = 'tls_cert = "a.pem"\ntls_key = "a.key"\n'
    configs = [
        load_settings(write(tmp_path, text), environment={}).access_config
        for text in ("", 'access = "required"', tls, f'{tls}grpc = "0.0.0.0:1"', 'insecure = true\ngrpc = "0.0.0.0:1"')
    ]

    assert [one.required for one in configs] == [False, True, False, True, False]
    assert [one.is_exposed for one in configs] == [False, False, False, True, False]
    assert [one.tls is not None for one in configs] == [False, False, True, True, False]
