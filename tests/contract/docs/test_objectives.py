"""docs/monitors.md names every field of an objective with its meaning and default; its example is one."""

import tomllib
from dataclasses import MISSING

from tidegauge_collector.core.monitor_tables import Document, read_documents
from tidegauge_collector.core.objectives import OBJECTIVE_FIELDS

from .pages import blocks, rows, section

PAGE = "docs/monitors.md"


def test_every_field_of_an_objective_is_explained_with_its_default():
    shown = {row[0]: (row[1], row[2]) for row in rows(section(PAGE, "### Objectives")) if len(row) == 3}

    assert shown == {
        f"`{one.name}`": (one.doc, "required" if one.default is MISSING else f"`{one.default or chr(34) * 2}`")
        for one in OBJECTIVE_FIELDS
    }


def test_the_example_is_an_objective():
    definitions, problems = read_documents(
        [Document("example.toml", tomllib.loads(blocks(section(PAGE, "### Objectives"), "toml")[0]))]
    )

    assert problems == []
    assert [one.id for one in definitions] == ["checkout-fast"]
