"""A collector behind TLS that asks for tokens, one for the tests of a file that change nothing of it for the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .fortress import Fortress, fortress


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fortress]:
    with fortress(tmp_path_factory.mktemp("guarded")) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture(autouse=True)
def no_leaked_threads() -> None:
    """Collectors outlast a test here; each waits for its threads when it ends."""
