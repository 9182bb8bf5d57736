"""What an HTTP error of the API says to a person."""

import json

from aiohttp import web


def told_by(error: web.HTTPException) -> str:
    """The sentence in the error's JSON body; the body itself, or the status line's reason, where there is none."""
    text = error.text or error.reason
    if error.content_type != "application/json":
        return text
    try:
        body = json.loads(text)
    except ValueError:
        return text
    return str(body["error"]) if isinstance(body, dict) and "error" in body else text
