"""What kind of error an answer over HTTP is: the word `code` beside the sentence `error`, for programs and for pages in other languages.

The words are part of the REST API: they stay as they are, whatever the sentence says. docs/rest-api.md lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

UNKNOWN_NAME: Final = "unknown_name"
"""A 400 whose cause is a name that the collector does not know, not a value that is impossible."""

_OF_STATUS: Mapping[int, str] = {
    400: "bad_value",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "wrong_method",
    409: "conflict",
    413: "too_large",
    415: "wrong_kind",
    429: "too_many",
    503: "unavailable",
}
_OTHER = "failed"
CODES: Final = (UNKNOWN_NAME, *_OF_STATUS.values(), _OTHER)


class Coded(Exception):  # noqa: N818 - a mark of those that become an answer
    """An error that says its word itself."""

    code: ClassVar[str]


def code_of(status: int) -> str:
    """The word for an HTTP status: `bad_value` for one of 4xx that has none, `failed` for the rest."""
    return _OF_STATUS.get(status, _OF_STATUS[400] if 400 <= status < 500 else _OTHER)


def told(status: int, message: str, code: str = "") -> dict[str, str]:
    """The body of an error: its sentence and its word, by the status where none is given."""
    return {"error": message, "code": code or code_of(status)}
