"""Files of monitors: what they may say, and that all that is wrong in them is said at once."""

import tomllib

from tidegauge_collector.core.default_monitors import DRIFT
from tidegauge_collector.core.definitions import MONITOR_FIELDS, OWN_FIELDS
from tidegauge_collector.core.monitor_tables import Document, file_schema, read_documents

LATENCY = """
[[monitors]]
id = "slow"
metric = "latency_p95"
columns = ""
comparison = "above"
failing = 0.5
window_s = "5m"
every_s = "1m"
min_rows = 20
deployments = ["shop-*"]
labels = { team = "checkout" }
"""


def read(*texts):
    return read_documents(
        [Document(f"{name}.toml", tomllib.loads(text)) for name, text in zip("abc", texts, strict=False)]
    )


def test_a_table_is_a_definition_with_seconds_patterns_and_where_it_stands():
    (slow,), problems = read(LATENCY)

    assert problems == []
    assert (slow.monitor.window_s, slow.monitor.every_s) == (300, 60)
    assert (slow.monitor.warning, slow.monitor.failing, slow.monitor.name) == (None, 0.5, "slow")
    assert (slow.deployments, slow.labels, slow.enabled) == (("shop-*",), {"team": "checkout"}, True)
    assert (slow.origin, slow.source) == ("file", "a.toml")


def test_a_table_with_the_id_of_a_default_says_only_what_is_different():
    (drift,), problems = read('[[monitors]]\nid = "drift"\nfailing = 0.4\nwarning = "none"\nenabled = false\n')

    assert problems == []
    assert (drift.monitor.failing, drift.monitor.warning, drift.enabled) == (0.4, None, False)
    assert (drift.monitor.significance, drift.monitor.min_rows) == (DRIFT.significance, DRIFT.min_rows)


def test_every_problem_of_every_file_is_told_with_file_table_key_value_and_fix():
    _, problems = read(
        'monitor = 1\n[[monitors]]\nid = "drift"\nfaling = 0.4\nwindow_s = "7x"\n',
        '[[monitors]]\nid = "a b"\n[[monitors]]\nid = "error_rate"\nhold = [3, 2]\nrecover_after = 0\n',
    )

    text = "\n".join(problems)
    assert "a.toml: monitor: unknown key; write [[monitors]] or [[objectives]] tables" in text
    assert "a.toml: monitors[1] 'drift': faling = 0.4: unknown key; did you mean 'failing'?" in text
    assert """a.toml: monitors[1] 'drift': window_s = '7x': write seconds as a number, or "90s\"""" in text
    assert "b.toml: monitors[1]: id = 'a b': write letters, digits" in text
    assert "b.toml: monitors[2] 'error_rate': hold is 3 of 2" in text
    assert "b.toml: monitors[2] 'error_rate': recover_after is 0" in text


def test_what_a_monitor_cannot_do_without_is_asked_for():
    _, problems = read('[[monitors]]\nid = "x"\n')

    text = "\n".join(problems)
    assert "a.toml: monitors[1] 'x': metric is empty" in text
    assert "a.toml: monitors[1] 'x': has neither warning nor failing" in text


def test_an_id_stands_once_over_all_files():
    found, problems = read(LATENCY, LATENCY)

    assert len(found) == 1
    assert problems == ["b.toml: monitors[1]: id = 'slow': stands in a.toml: monitors[1] already: give each its own"]


def test_what_holds_no_tables_says_so():
    _, problems = read_documents(
        [Document("a", [1]), Document("b", {"monitors": {"x": 1}}), Document("c", {"monitors": [3]})]
    )

    assert [one.split(":")[0] for one in problems] == ["a", "b", "c"]
    assert all("tables" in one or "table of keys" in one for one in problems)


def test_patterns_that_match_nothing_are_refused():
    _, problems = read(LATENCY.replace('["shop-*"]', "[]"), LATENCY.replace('["shop-*"]', '[""]'))

    assert ["deployments is empty" in problems[0], "empty pattern" in problems[1]] == [True, True]


def test_keys_of_definitions_and_monitors_do_not_collide():
    assert {one.name for one in OWN_FIELDS}.isdisjoint(one.name for one in MONITOR_FIELDS)


def test_every_field_of_a_monitor_but_its_id_may_be_left_out():
    assert [one.name for one in MONITOR_FIELDS if one.is_required] == ["id"]


def test_the_schema_has_every_key_with_what_it_means():
    monitor = file_schema()["$defs"]["monitor"]

    assert list(monitor["properties"]) == [one.name for one in (*MONITOR_FIELDS, *OWN_FIELDS)]
    assert monitor["required"] == ["id"]
    assert all(one.get("description") for one in monitor["properties"].values())
