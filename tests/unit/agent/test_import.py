"""Importing costs a service next to nothing; the public names are there when they are asked for."""

import subprocess
import sys

import pytest

import tidegauge

HEAVY = ("numpy", "google.protobuf", "grpc", "pandas", "scipy", "asyncio")


def in_a_fresh_process(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def test_an_import_loads_nothing_heavy_and_its_first_use_only_what_it_needs() -> None:
    loaded = f"print([name for name in {HEAVY!r} if name in sys.modules])"

    assert in_a_fresh_process(f"import sys, tidegauge; {loaded}") == "[]"
    assert in_a_fresh_process(f"import sys, tidegauge; tidegauge.init; {loaded}") == "['numpy', 'google.protobuf']"


def test_every_public_name_is_found_and_listed() -> None:
    assert {name for name in tidegauge.__all__ if getattr(tidegauge, name, None) is None} == set()
    assert set(tidegauge.__all__) <= set(dir(tidegauge))
    assert in_a_fresh_process("import tidegauge; print('init' in dir(tidegauge))") == "True"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'tidegauge' has no attribute 'innit'"):
        tidegauge.innit  # type: ignore[attr-defined]  # noqa: B018
