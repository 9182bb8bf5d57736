"""docs/rest-api.md lists every route with the parameters that it takes, and examples that are JSON."""

import json
import re

import pytest

from tidegauge_collector.api.routes import ROUTES
from tidegauge_collector.refusals import CODES, code_of

from .pages import blocks, code_words, rows, section, text_of

PAGE = "docs/rest-api.md"


def test_every_route_has_a_section_and_no_section_is_of_none():
    headings = re.findall(r"^### (.+)$", text_of(PAGE), re.MULTILINE)

    assert headings == [f"{route.method} {route.path}" for route in ROUTES]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_parameters_are_those_of_the_route(route):
    listed = [code_words(row[0])[0] for row in rows(section(PAGE, f"### {route.method} {route.path}"))]

    assert listed == list(route.query)


@pytest.mark.parametrize("example", blocks(text_of(PAGE), "json"), ids=lambda text: text[:30])
def test_examples_are_json(example):
    assert isinstance(json.loads(example), dict)


def test_every_word_of_an_error_is_listed_with_its_status():
    listed = {code_words(word)[0]: status for word, status, _ in rows(section(PAGE, "## Errors"))}

    assert sorted(listed) == sorted(set(CODES))
    assert [word for word, status in listed.items() if code_of(int(status[:3])) not in {word, "bad_value"}] == []
