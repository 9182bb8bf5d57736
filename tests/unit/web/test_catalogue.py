"""The catalogues of both languages hold the same, and all that templates and scripts ask for."""

import re
from pathlib import Path
from string import Formatter

import pytest

import tidegauge_collector.web
from tidegauge_collector.access.identity import REASONS
from tidegauge_collector.core.default_monitors import DEFAULT_MONITORS
from tidegauge_collector.measuring.families import METRICS
from tidegauge_collector.refusals import CODES
from tidegauge_collector.web.catalogue import BROWSER_SECTIONS, Text, load_text
from tidegauge_collector.web.fleet import GROUPS, SORTS
from tidegauge_collector.web.inbox import STATUSES
from tidegauge_collector.web.language import LANGUAGES, PLURALS, plural_of
from tidegauge_collector.web.watching import INDICATORS, PARAMETERS

ROOM = Path(tidegauge_collector.web.__file__).parent
SPOKEN_FROM_OUTSIDE = {
    "verdict",
    "role",
    "alert_status",
    "severity",
    "delivery",
    "metric",
    "reason",
    "range",
    "duration",
    "bin",
    "method",
    "monitor",
    "alert_event",
    "nav",
    "theme",
    "done",
    "outcome",
    "silence_state",
    "matcher",
    "tab",
    "look",
    "block",
    "importance",
    "comparison",
    "origin",
    "monitor_kind",
    "agent_state",
    "chance_test",
    "objective_status",
    "format",
    "how",
    "why",
    "weekday",
    "drift",
    "event_kind",
    "direction",
    "change",
    "drop_reason",
    "error_of",
    "problem",
}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def keys(text: Text) -> set[str]:
    return {key.split("|")[0] for key in text.entries}


def keys_in(folder: str, pattern: str) -> set[str]:
    return {key for path in (ROOM / folder).rglob("*.*") for key in re.findall(pattern, path.read_text("utf-8"))}


TEMPLATE_KEYS = keys_in("templates", r"""\bt\(["']([a-z_0-9]+\.[a-z_0-9]+)["'][,)]""")
SOURCES = [path.read_text("utf-8") for path in ROOM.glob("*.py")]
PYTHON_KEYS = {key for text in SOURCES for key in re.findall(r"""[t)]\(["']([a-z_0-9]+\.[a-z_0-9]+)["'][,)]""", text)}
SCRIPT_KEYS = keys_in(
    "static/js", r"""["']((?:chart|empty|error|metric|reason|bin|method|parameter|said)\.[a-z_0-9]+)["']"""
)


TOLD_PARAMETERS = set(re.findall(r"^  (\w+): ", (ROOM / "static/js/methods.js").read_text("utf-8"), re.MULTILINE))


@pytest.fixture(params=[code for code in LANGUAGES if code != "en"])
def other(request: pytest.FixtureRequest) -> Text:
    return load_text(request.param)


def test_every_language_has_the_keys_of_english(other: Text) -> None:
    assert keys(other) == keys(load_text("en"))


def test_every_text_has_the_placeholders_of_the_english_one(other: Text) -> None:
    english = load_text("en").entries

    differing = {
        key
        for key, text in other.entries.items()
        if placeholders(text) != placeholders(english[key.split("|")[0]]) and not key.startswith("format.")
    }

    assert differing == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms_are_those_of_the_language_and_count_the_same(language: str) -> None:
    entries = load_text(language).entries
    counted = {key.split("|")[0] for key in entries if "|" in key}

    forms = {key: {one.partition("|")[2] or "other" for one in entries if one.split("|")[0] == key} for key in counted}

    assert set(map(frozenset, forms.values())) <= {frozenset(PLURALS[language])}
    assert [key for key in counted if "n" not in placeholders(entries[key])] == []


def test_a_number_takes_the_form_of_how_it_is_written() -> None:
    english, japanese = load_text("en"), load_text("ja")

    assert [plural_of("en", n) for n in (0, 1, "1", "1.0", "1,001")] == ["other", "one", "one", "other", "other"]
    assert (english("alerts.attempts", n=1), english("alerts.attempts", n="1,000")) == ("1 attempt", "1,000 attempts")
    assert japanese("alerts.attempts", n=1) == "1 回試行"


def test_templates_ask_only_for_texts_that_exist() -> None:
    assert len(TEMPLATE_KEYS) > 50
    assert set(load_text("en").entries) >= TEMPLATE_KEYS | PYTHON_KEYS


def test_scripts_ask_only_for_texts_that_are_sent_to_them() -> None:
    assert len(SCRIPT_KEYS) > 40
    assert set(load_text("en").for_browser()) >= SCRIPT_KEYS


def test_no_text_is_left_that_nothing_asks_for() -> None:
    composed = {key for key in keys(load_text("en")) if key.split(".")[0] in SPOKEN_FROM_OUTSIDE}
    built = {"site.en", "site.ja", "status.baseline_given", "status.baseline_production"}
    built |= {
        f"failure.{part}_{kind}" for part in ("title", "next") for kind in (400, 403, 404, 500, 503, "alert", "tab")
    }
    built |= {f"inbox.status_{status}" for status in STATUSES} | {"inbox.taken_yes", "inbox.taken_no"}
    built |= {f"alert.for_{length}" for length in ("1h", "8h", "1d", "7d")} | {
        "channels.tested_ok",
        "channels.tested_bad",
    }
    built |= {f"parameter.{name}" for name in TOLD_PARAMETERS}
    built |= {f"fleet.sort_{word}" for word in SORTS} | {f"fleet.group_{word or 'none'}" for word in GROUPS}
    built |= {f"objective.of_{indicator}" for indicator in INDICATORS} | {f"objective.for_{one}" for one in PARAMETERS}
    built |= {f"error.{code}" for code in CODES}
    built |= {f"signin.why_{reason}" for reason in REASONS - {"deployment", "certificate"}}

    assert keys(load_text("en")) - TEMPLATE_KEYS - PYTHON_KEYS - SCRIPT_KEYS - composed - built == set()


def test_an_unknown_word_from_outside_is_shown_as_it_is() -> None:
    assert load_text("ja").label("verdict", "<new>") == "<new>"


def test_every_method_and_default_monitor_of_the_collector_has_words() -> None:
    files = [*(ROOM.parent / "core" / "accuracy").glob("*.py"), *(ROOM.parent / "measuring").glob("*.py")]
    sources = [path.read_text("utf-8") for path in files]
    methods = {word for text in sources for word in re.findall(r'method="([a-z_]+)"', text)}
    rates = (ROOM.parent / "measuring" / "service.py").read_text("utf-8")
    methods |= set(re.findall(r'_rate\([^"\n]*"([a-z_]+)"', rates)) | {"count", "log_linear_buckets"}
    monitors = {monitor.name for monitor in DEFAULT_MONITORS}

    assert len(methods) >= 8
    assert methods - {key.removeprefix("method.") for key in load_text("en").entries} == set()
    assert monitors - {key.removeprefix("monitor.") for key in load_text("en").entries} == set()


def test_every_metric_has_words() -> None:
    assert {f"metric.{name}" for name in METRICS} - set(load_text("en").entries) == set()


def test_every_kind_of_error_has_words() -> None:
    assert {f"problem.{code}" for code in CODES} <= set(load_text("en").for_browser())


def test_every_parameter_that_a_caption_tells_has_words() -> None:
    assert {"floor", "relative_error", "threshold"} <= TOLD_PARAMETERS
    assert {f"parameter.{name}" for name in TOLD_PARAMETERS} <= set(load_text("en").for_browser())


def test_browser_entries_are_of_the_declared_sections_only() -> None:
    assert {key.split(".")[0] for key in load_text("en").for_browser()} == set(BROWSER_SECTIONS)
