"""Laws of definitions: what is exported and read again is the same, plans of what is applied are empty, order is nothing."""

import json
import re
import tomllib
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge_collector.core.default_monitors import DEFAULT_MONITORS
from tidegauge_collector.core.definitions import DEFAULTS, Definition, Target, merged, monitors_of, renamed, resolved
from tidegauge_collector.core.monitor_tables import Document, file_schema, read_documents
from tidegauge_collector.core.plans import fingerprint, plan, table_of
from tidegauge_collector.core.toml_text import tables_text

LAWS = settings(deadline=None, derandomize=True, max_examples=100)
IDS = st.sampled_from([*DEFAULTS, "own", "a.b", "slow-1", "9"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SECONDS = st.one_of(st.integers(1, 10**7), st.sampled_from([60, 3_600, 86_400, 604_800]))
PATTERNS = st.lists(st.sampled_from(["*", "shop-*", "bank", 'x"\\y', "é"]), min_size=1, max_size=3).map(tuple)


@st.composite
def monitors(draw: st.DrawFn) -> Any:
    low, high = sorted(draw(st.tuples(*[st.floats(1e-9, 1e9)] * 2)))
    change = {
        "id": draw(IDS),
        "name": draw(TEXTS),
        "columns": draw(TEXTS),
        "comparison": draw(st.sampled_from(["above", "drop_from_baseline"])),
        "warning": draw(st.sampled_from([low, None])),
        "failing": high,
        "window_s": draw(SECONDS),
        "every_s": draw(SECONDS),
        "lag_s": draw(st.one_of(st.just(0), SECONDS)),
        "min_rows": draw(st.integers(0, 10**6)),
        "hold": draw(st.sampled_from([(1, 1), (2, 3)])),
        "recover_after": draw(st.integers(1, 9)),
        "significance": draw(st.one_of(st.none(), st.floats(0.0001, 0.5))),
    }
    return replace(draw(st.sampled_from([one for one in DEFAULT_MONITORS if one.kind == "measurement"])), **change)


OTHER_KINDS = st.builds(
    replace, st.sampled_from([one for one in DEFAULT_MONITORS if one.kind != "measurement"]), id=IDS, name=TEXTS
)


DEFINITIONS = st.builds(
    Definition,
    monitor=monitors() | OTHER_KINDS,
    deployments=PATTERNS,
    labels=st.dictionaries(TEXTS, TEXTS, max_size=2),
    enabled=st.booleans(),
    origin=st.sampled_from(["file", "api"]),
)
SETS = st.lists(DEFINITIONS, max_size=5, unique_by=lambda one: one.id)
TARGETS = st.builds(Target, st.sampled_from(["bank", "shop-eu", "shop-us"]), st.dictionaries(TEXTS, TEXTS, max_size=2))


@LAWS
@given(SETS)
def test_what_is_exported_is_read_back_as_it_was(definitions: list[Definition]) -> None:
    text = tables_text("monitors", map(table_of, definitions))

    found, problems = read_documents([Document("export.toml", tomllib.loads(text))])

    assert problems == []
    assert [one.content for one in found] == [one.content for one in definitions]


@LAWS
@given(SETS, TARGETS)
def test_applying_an_export_changes_nothing(definitions: list[Definition], target: Target) -> None:
    current = resolved(definitions)
    text = tables_text("monitors", map(table_of, current.values()))
    found, _ = read_documents([Document("export.toml", tomllib.loads(text))])

    for prune in (False, True):
        after, _ = merged(current, found, prune=prune)
        assert plan(current, after, [target]).is_empty
        assert not plan(current, after, [target]).deployments


@LAWS
@given(SETS, SETS, st.booleans(), TARGETS)
def test_an_apply_is_idempotent_and_its_plan_is_empty_afterwards(
    before: list[Definition], wanted: list[Definition], prune: bool, target: Target
) -> None:
    wanted = [renamed(one, origin="file", source="a") for one in wanted]
    once, _ = merged(resolved(before), wanted, prune=prune)
    twice, _ = merged(once, wanted, prune=prune)

    assert once == twice
    assert plan(once, twice, [target]).is_empty


@LAWS
@given(SETS, st.data())
def test_the_order_of_tables_is_nothing(definitions: list[Definition], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(definitions))

    once, again = (merged(resolved([]), some, prune=True)[0] for some in (definitions, shuffled))

    assert list(once.items()) == list(again.items())
    assert fingerprint(once) == fingerprint(again)


@LAWS
@given(SETS, SETS, TARGETS)
def test_a_plan_by_deployment_leads_from_its_monitors_to_those_wanted(
    before: list[Definition], after: list[Definition], target: Target
) -> None:
    old, new = (monitors_of(resolved(some).values(), target) for some in (before, after))

    found = plan(resolved(before), resolved(after), [target]).deployments.get(target.name, ())

    kinds = {one.monitor: one.kind for one in found}
    assert {name for name, kind in kinds.items() if kind == "create"} == new.keys() - old.keys()
    assert {name for name, kind in kinds.items() if kind == "remove"} == old.keys() - new.keys()
    assert {name for name, kind in kinds.items() if kind == "change"} == {
        name for name in old.keys() & new.keys() if old[name] != new[name]
    }


@LAWS
@given(SETS)
def test_the_schema_takes_what_is_exported(definitions: list[Definition]) -> None:
    document = json.loads(json.dumps({"monitors": [table_of(one) for one in definitions]}))

    assert violations(document, file_schema(), file_schema()) == []


@LAWS
@given(DEFINITIONS, st.sampled_from(["window_s", "comparison", "enabled", "hold"]))
def test_the_schema_refuses_what_the_reader_refuses(definition: Definition, key: str) -> None:
    document = {"monitors": [{**table_of(definition), key: [None]}]}

    assert violations(document, file_schema(), file_schema())
    assert read_documents([Document("a", document)])[1]


def violations(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> list[str]:  # noqa: PLR0912 - a case for each keyword
    """What a value violates of the keywords that the schema of monitors uses; any other keyword is a mistake of this test."""
    found: list[str] = []
    for keyword, said in schema.items():
        match keyword:
            case "$ref":
                found += violations(value, root["$defs"][said.rpartition("/")[2]], root)
            case "type":
                found += [] if is_of(value, said) else [f"{value!r} is no {said}"]
            case "enum":
                found += (
                    [] if any(one == value and type(one) is type(value) for one in said) else [f"{value!r}: {said}"]
                )
            case "pattern" if isinstance(value, str):
                found += [] if re.search(said, value) else [f"{value!r} is not as {said}"]
            case "anyOf":
                found += [] if any(not violations(value, one, root) for one in said) else [f"{value!r}: {said}"]
            case "properties" if isinstance(value, dict):
                found += [
                    each for name in value.keys() & said.keys() for each in violations(value[name], said[name], root)
                ]
            case "required" if isinstance(value, dict):
                found += [f"{name} is missing" for name in said if name not in value]
            case "additionalProperties" if isinstance(value, dict):
                others = [name for name in value if name not in schema.get("properties", {})]
                if said is False:
                    found += [f"{name} is too much" for name in others]
                else:
                    found += [each for name in others for each in violations(value[name], said, root)]
            case "items" if isinstance(value, list) and isinstance(said, dict):
                found += [each for one in value for each in violations(one, said, root)]
            case "prefixItems" if isinstance(value, list):
                found += [each for one, of in zip(value, said, strict=False) for each in violations(one, of, root)]
            case "minItems" | "maxItems" if isinstance(value, list):
                fits = len(value) >= said if keyword == "minItems" else len(value) <= said
                found += [] if fits else [f"{len(value)} items"]
            case "if":
                branch = "else" if violations(value, said, root) else "then"
                found += violations(value, schema.get(branch, {}), root)
            case _:
                assert keyword in KNOWN, keyword
    return found


KNOWN = {
    *("$schema", "title", "description", "default", "$defs", "else", "pattern", "properties", "required"),
    *("additionalProperties", "items", "prefixItems", "minItems", "maxItems"),
}


def is_of(value: Any, name: str) -> bool:
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    if name in ("number", "integer"):
        return not isinstance(value, bool) and isinstance(value, int if name == "integer" else (int, float))
    return isinstance(value, kinds[name])
