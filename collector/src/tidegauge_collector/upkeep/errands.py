"""What a command asks of the collector that runs on a data directory: a file with the wish, a file with the answer.

    <data>/errands/<id>.wish       {"what": "backup" | "doctor", …}        written whole, by a command
    <data>/errands/<id>.progress   one line of text                         by the collector, again and again
    <data>/errands/<id>.answer     {"ok": …} or {"error": text, "code": n}  by the collector; the wish goes then

Whoever may write into the data directory may ask; nothing listens for it on a network.
"""

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from tidegauge_collector.errors import CollectorError

FOLDER = "errands"
POLL_S = 0.2

log = structlog.get_logger(__name__)

Errand = Callable[[Mapping[str, Any], Callable[[str], None]], Any]


class ErrandFailed(CollectorError):  # noqa: N818 - says what is the case, like its siblings
    """The running collector could not do what it was asked to."""


def forget_all(data: Path) -> None:
    """Throw away what an earlier collector was asked and did not live to do."""
    for one in (data / FOLDER).glob("*.*"):
        one.unlink(missing_ok=True)


def serve_all(data: Path, errands: Mapping[str, Errand]) -> int:
    """Do what is asked, one after the other; how many were done. What an errand raises is the asker's answer."""
    wishes = sorted((data / FOLDER).glob("*.wish"))
    for wish in wishes:
        _write(wish.with_suffix(".answer"), _answer(wish, errands))
        wish.unlink(missing_ok=True)
    return len(wishes)


def ask(
    data: Path,
    what: str,
    *,
    wish: Mapping[str, Any],
    is_alive: Callable[[], bool],
    on_progress: Callable[[str], None],
) -> Any:
    """Have the running collector do something, however long it takes, and return its answer.

    Raises ErrandFailed with what it says, or when it is no longer alive.
    """
    folder = data / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{uuid.uuid4().hex}.wish"
    _write(path, {"what": what, **wish})
    try:
        while (answer := _read(path.with_suffix(".answer"))) is None:
            if not is_alive():
                raise ErrandFailed(f"the collector on {data} ended before it answered: look into its log")
            with contextlib.suppress(OSError):
                on_progress(path.with_suffix(".progress").read_text(encoding="utf-8"))
            time.sleep(POLL_S)
    finally:
        for suffix in (".wish", ".progress", ".answer"):
            path.with_suffix(suffix).unlink(missing_ok=True)
    if "error" in answer:
        raise ErrandFailed(f"the running collector says: {answer['error']}")
    return answer["ok"]


def _answer(wish: Path, errands: Mapping[str, Errand]) -> dict[str, Any]:
    asked = _read(wish)
    errand = errands.get(str(asked.get("what"))) if asked else None
    if asked is None or errand is None:
        return {"error": f"{wish.name} asks for nothing that this collector does: use the command of its version"}

    def tell(line: str) -> None:
        _write_text(wish.with_suffix(".progress"), line)

    try:
        return {"ok": errand(asked, tell)}
    except (CollectorError, OSError, ValueError) as problem:
        return {"error": str(problem)}
    except Exception as problem:  # else it would be asked again each second, and nobody else be answered
        log.exception("errand.failed", what=asked["what"])
        return {"error": f"it failed by a fault of the collector, see its log: {problem!r}"}


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write(path: Path, content: Mapping[str, Any]) -> None:
    _write_text(path, json.dumps(content))


def _write_text(path: Path, content: str) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(content, encoding="utf-8")
    temporary.replace(path)
