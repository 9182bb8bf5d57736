"""A back-test on its way: what a form carries is what was found, bounded, and read only as it was written."""

import json
import zlib
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from tidegauge_collector.web import backtests
from tidegauge_collector.web.backtests import Backtest, begun, carried_on
from tidegauge_collector.web.telling import EPISODES_NAMED

MONITOR = {"id": "drift", "failing": 0.25}
EPISODE = {"metric": "psi", "column": "temp", "opened": "2013-07-01T04:00:00Z", "worst_value": 0.8}


def piece(*, episodes: int, resume: dict[str, Any] | None) -> dict[str, Any]:
    found = [EPISODE] * episodes
    return {"episodes": found, "verdicts": {"ok": 3, "failing": 2}, "done": 5, "total": 9, "resume": resume}


def packed(**changes: Any) -> str:
    said = {"of": "x", "found": 1, "named": [EPISODE], "verdicts": 5, "done": 5, "total": 9, "resume": {"at": 5}}
    return urlsafe_b64encode(zlib.compress(json.dumps(said | changes).encode())).decode()


def test_pieces_add_up_and_only_the_episodes_that_are_told_are_kept() -> None:
    tried = begun("shop", MONITOR)
    for _ in range(3):
        tried = tried.with_piece(piece(episodes=EPISODES_NAMED, resume={"at": 5}))

    assert (tried.found, tried.verdicts, len(tried.named)) == (3 * EPISODES_NAMED, 15, EPISODES_NAMED + 1)
    assert tried.named[0] == {"metric": "psi", "column": "temp", "opened": "2013-07-01T04:00:00Z"}


def test_what_a_form_carries_is_read_as_it_was() -> None:
    tried = begun("shop", MONITOR).with_piece(piece(episodes=2, resume={"tracks": [{"state": "firing"}] * 1_000}))

    assert carried_on(tried.packed(), "shop", MONITOR) == tried
    assert len(tried.packed()) < 1_000


@pytest.mark.parametrize(("deployment", "monitor"), [("shop", MONITOR | {"failing": 0.3}), ("other", MONITOR)])
def test_what_was_found_of_something_else_is_left(deployment: str, monitor: dict[str, Any]) -> None:
    tried = begun("shop", MONITOR).with_piece(piece(episodes=2, resume={"at": 5}))

    assert carried_on(tried.packed(), deployment, monitor) == begun(deployment, monitor)


def test_at_the_end_nothing_is_carried_on() -> None:
    assert begun("shop", MONITOR).with_piece(piece(episodes=2, resume=None)).packed() == ""


def test_more_than_is_read_again_is_not_carried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = Backtest("x", resume={"past": "0" * 1_000})
    carried = tried.packed()

    monkeypatch.setattr(backtests, "MOST_BYTES", 1_000)

    assert tried.packed() == ""
    with pytest.raises(ValueError, match="begin the back-test anew"):
        carried_on(carried, "shop", MONITOR)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64 at all",
        "早",
        packed()[:-8],
        packed(found="many"),
        packed(named=7),
        packed(named=[{"metric": "psi"}]),
        packed(named=[EPISODE | {"opened": "<b>"}]),
        packed(resume=None),
        packed(resume=[1]),
        urlsafe_b64encode(zlib.compress(b"[" * 100_000)).decode(),
        urlsafe_b64encode(zlib.compress(b"[1]")).decode(),
    ],
)  # fmt: skip
def test_what_no_page_wrote_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(ValueError, match=r"so_far = .*begin the back-test anew"):
        carried_on(text, "shop", MONITOR)
