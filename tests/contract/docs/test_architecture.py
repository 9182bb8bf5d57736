"""docs/architecture.md lists the rooms that are there, in the order in which they may import."""

import ast
import tomllib

import pytest

from .pages import ROOT, code_words, rows, section

PAGE = "docs/architecture.md"
SIDES = {
    "agent": ("tidegauge", "## Rooms of the agent"),
    "collector": ("tidegauge_collector", "## Rooms of the collector"),
}


def _source(side):
    return ROOT / side / "src" / SIDES[side][0]


def _listed(side):
    return {code_words(row[0])[0]: row[1] for row in rows(section(PAGE, SIDES[side][1]))}


@pytest.mark.parametrize("side", SIDES)
def test_every_room_is_listed_with_what_it_is_for(side):
    folders = [f"{path.parent.name}/" for path in _source(side).glob("*/__init__.py")]
    modules = [path.name for path in _source(side).glob("*.py") if path.name != "__init__.py"]
    listed = _listed(side)

    assert sorted(listed) == sorted([*folders, *modules])
    assert [room for room, purpose in listed.items() if not purpose] == []


@pytest.mark.parametrize("side", SIDES)
def test_rooms_stand_in_the_order_of_the_layers(side):
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    package = SIDES[side][0]
    layers = next(c["layers"] for c in contracts if c["type"] == "layers" and c["layers"][0].startswith(f"{package}."))
    order = [{name.strip().removeprefix(f"{package}.") for name in layer.split("|")} for layer in layers]
    levels = [
        next((i for i, layer in enumerate(order) if room.rstrip("/").removesuffix(".py") in layer), None)
        for room in _listed(side)
    ]
    found = [level for level in levels if level is not None]

    assert found == sorted(found)
    assert set(found) == set(range(len(order)))


def test_the_collector_imports_from_the_agent_only_what_the_page_says():
    allowed = {"core", "wire", "spool", "errors", "version"}
    imported = set()
    for path in _source("collector").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "tidegauge":
                imported.add(node.module.split(".")[1] if "." in node.module else "tidegauge")

    assert imported <= allowed
    assert (
        set(
            code_words(
                next(line for line in section(PAGE, "## Arrows").splitlines() if "imports from the agent" in line)
            )
        )
        == allowed
    )
