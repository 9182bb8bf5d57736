"""No metric without a witness: another library's value on real rows, or a value computed by hand. docs/metrics.md says which."""

import ast
from pathlib import Path

import pytest
from docs_pages import code_words, rows, section

from tidegauge_collector.measuring.families import METRICS

from . import witnesses

TESTS = Path(__file__).parents[2]
REGISTERED = set(METRICS)


def test_every_registered_metric_has_a_witness() -> None:
    seen = {name for names in witnesses.libraries().values() for name in names} | witnesses.BY_HAND.keys()

    assert REGISTERED - seen == set(), "add a Witness to witnesses.py, or the test with a value computed by hand"
    assert seen - REGISTERED == set()


@pytest.mark.parametrize("where", sorted(set(witnesses.BY_HAND.values())))
def test_values_computed_by_hand_are_where_they_are_said_to_be(where: str) -> None:
    path, _, name = where.partition("::")
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))

    assert name in {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}


def test_the_page_says_who_agrees() -> None:
    documented = {row[0]: set(code_words(row[1])) for row in rows(section("docs/metrics.md", "## Agreement"))}

    assert documented == {library: set(names) for library, names in witnesses.libraries().items()} | {
        "by hand": set(witnesses.BY_HAND)
    }
