"""Why an upload is not taken, sorted by what the sender does next; `status` is the HTTP answer.

UploadRefused (400)       mend the rows or the parameters; `problems` lists rows
├── UnknownFormat (415)   send another format
├── TooLarge (413)        send less at once
└── KeyReused (409)       use a key of its own for another body
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar


class UploadRefused(Exception):  # noqa: N818 - an answer, not a fault
    """The rows or the parameters are wrong; nothing was stored."""

    status: ClassVar[int] = 400

    def __init__(self, message: str, problems: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.problems = list(problems)


class UnknownFormat(UploadRefused):
    """The body is of no format that is read here."""

    status: ClassVar[int] = 415


class TooLarge(UploadRefused):
    """More than is taken in one request."""

    status: ClassVar[int] = 413


class KeyReused(UploadRefused):
    """The Idempotency-Key came before, with another body or target."""

    status: ClassVar[int] = 409
