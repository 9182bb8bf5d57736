"""What an HTTP error of the API says to a person: its word, which pages have a sentence for, and its own text."""

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tidegauge_collector.refusals import CODES, code_of


@dataclass(frozen=True, slots=True)
class Problem:
    """`code`: the key in the section `problem` of what the reader is told; `detail`: the exact words of the collector, in English."""

    code: str
    detail: str = ""


def problem_of(error: web.HTTPException | web.Response) -> Problem:
    """What the JSON body says; the text as it is, and the word of the status, where there is none."""
    body = _body(error)
    code = body.get("code")
    detail = str(body.get("error", error.text or error.reason))
    return Problem(code if code in CODES else code_of(error.status), detail)


def _body(error: web.HTTPException | web.Response) -> dict[str, Any]:
    if error.content_type != "application/json":
        return {}
    try:
        body = json.loads(error.text or "")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
