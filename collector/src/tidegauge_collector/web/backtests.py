"""A back-test on its way: what its pieces found so far, and how a form carries that to the request that goes on. Pure.

A form carries it as URL-safe base64 of zlib of JSON: what a piece leaves for the next one is long and repeats itself. Like `resume` of
the API it comes from whoever asks and concerns nobody else; it is read with a bound, and checked before it is shown.
"""

import binascii
import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

from .reader import Json
from .telling import EPISODES_NAMED

MOST_BYTES = 32 * 1024 * 1024  # of what a form carries, unpacked
_NAMING = ("metric", "column", "opened")


@dataclass(frozen=True, slots=True)
class Backtest:
    """`of`: digest of what is tried; `found`: so many episodes, of which `named` are the first, one more than are told;
    `done` of `total` windows; `resume`: what the API wants back for the next piece, None at the end."""

    of: str
    found: int = 0
    named: tuple[Json, ...] = ()
    verdicts: int = 0
    done: int = 0
    total: int = 0
    resume: Json | None = None

    def with_piece(self, piece: Json) -> "Backtest":
        """As it stands after one more piece."""
        named = [{name: one[name] for name in _NAMING} for one in piece["episodes"]]
        return replace(
            self,
            found=self.found + len(piece["episodes"]),
            named=(*self.named, *named)[: EPISODES_NAMED + 1],
            verdicts=self.verdicts + sum(piece["verdicts"].values()),
            **{name: piece[name] for name in ("done", "total", "resume")},
        )

    def packed(self) -> str:
        """What a form carries; "" at the end, and where it would be more than is read again."""
        if self.resume is None:
            return ""
        plain = json.dumps(asdict(self), separators=(",", ":")).encode()
        return "" if len(plain) > MOST_BYTES else urlsafe_b64encode(zlib.compress(plain)).decode()


def begun(deployment: str, monitor: Json) -> Backtest:
    """One of which nothing is done yet."""
    tried = json.dumps([deployment, monitor], sort_keys=True).encode()
    return Backtest(blake2b(tried, digest_size=12).hexdigest())


def carried_on(packed: str, deployment: str, monitor: Json) -> Backtest:
    """What a form carries; where that is of something else (other limits, say), one of which nothing is done yet.

    Raises ValueError for what no form carries.
    """
    fresh = begun(deployment, monitor)
    try:
        found = _checked(json.loads(_unpacked(packed)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, zlib.error) as problem:
        raise ValueError(
            f"so_far = {packed!r:.80}: send what the page before gave, unchanged, or begin the back-test anew"
        ) from problem
    return found if found.of == fresh.of else fresh


def _unpacked(packed: str) -> bytes:
    try:
        reading = zlib.decompressobj()
        plain = reading.decompress(urlsafe_b64decode(packed.encode("ascii")), MOST_BYTES)
    except (binascii.Error, UnicodeEncodeError) as problem:
        raise ValueError(problem) from problem
    if not reading.eof:
        raise ValueError("too long, or cut off")
    return plain


def _checked(said: dict[str, Any]) -> Backtest:
    named = tuple(_named(one) for one in said["named"][: EPISODES_NAMED + 1])
    numbers = {name: int(said[name]) for name in ("found", "verdicts", "done", "total")}
    if not isinstance(said["resume"], dict):
        raise TypeError("resume is no object")
    return Backtest(str(said["of"]), named=named, resume=said["resume"], **numbers)


def _named(episode: Json) -> Json:
    texts = {name: str(episode[name]) for name in _NAMING}
    datetime.fromisoformat(texts["opened"])
    return texts
