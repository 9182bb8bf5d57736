"""docs/metrics.md speaks of every metric that the API serves, and of every reason."""

import re

from tidegauge_collector.core import drift
from tidegauge_collector.core.accuracy import accuracy, auc, log_loss
from tidegauge_collector.core.judging import NOT_APPLICABLE_REASONS, NOT_ENOUGH_REASONS
from tidegauge_collector.measuring.families import METRICS

from .pages import code_words, rows, section, text_of

PAGE = "docs/metrics.md"


def test_every_metric_has_a_section_and_no_section_is_of_none():
    headings = re.findall(r"^### (.+)$", text_of(PAGE), re.MULTILINE)

    assert sorted(name for heading in headings for name in code_words(heading)) == sorted(METRICS)


def test_every_reason_is_sorted_as_the_code_sorts_it():
    documented = {row[0]: set(code_words(row[1])) for row in rows(section(PAGE, "## Verdicts"))}

    assert documented["`not_enough_data`"] == NOT_ENOUGH_REASONS
    assert documented["`not_applicable`"] == NOT_APPLICABLE_REASONS


def test_every_metric_says_how_it_is_computed_and_where_it_comes_from():
    assert f"at least {drift.SHARE_FLOOR:.4f}" in section(PAGE, "### `psi`")
    assert f"< {drift.MIN_EXPECTED}" in section(PAGE, "### `psi`")
    for estimate, source in ((auc, "DeLong"), (log_loss, "float64 epsilon"), (accuracy, "Wilson")):
        assert source in section(PAGE, f"### `{estimate.__name__}`")
        assert source in estimate.__doc__
