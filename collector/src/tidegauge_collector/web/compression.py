"""Answers as gzip for those who take it: one middleware over the API and the pages.

Static files bring their own compressed bytes, and what is shorter than a network packet stays as it is.
"""

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

MIN_BYTES = 1_024
_TYPES = frozenset({"application/json", "text/html", "text/plain"})


@web.middleware
async def compressed(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """The handler's answer, as gzip where it is long text and the client takes gzip; `Vary` says that it depends on that."""
    response = await handler(request)
    if not (isinstance(response, web.Response) and _is_worth_it(response)):
        return response
    known = response.headers.get(hdrs.VARY)
    response.headers[hdrs.VARY] = f"{known}, Accept-Encoding" if known else "Accept-Encoding"
    if takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
        response.enable_compression(web.ContentCoding.gzip)
    return response


def takes_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header names gzip with a weight above 0 (RFC 9110, 12.5.3); a weight that is no number counts as 0."""
    for part in accept_encoding.lower().split(","):
        coding, _, parameter = part.partition(";")
        if coding.strip() == "gzip":
            _, _, weight = parameter.partition("=")
            return not parameter.strip() or _is_positive(weight)
    return False


def _is_positive(weight: str) -> bool:
    try:
        return float(weight) > 0
    except ValueError:
        return False


def _is_worth_it(response: web.Response) -> bool:
    body = response.body
    return (
        isinstance(body, bytes)
        and len(body) >= MIN_BYTES
        and response.content_type in _TYPES
        and hdrs.CONTENT_ENCODING not in response.headers
    )
