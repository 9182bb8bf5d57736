"""How the pages read: through the REST API's own answers, in process, so that page and API cannot disagree."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Json = dict[str, Any]

Reader = Callable[[str, Mapping[str, str]], Awaitable[Json]]
"""(path, query) -> the JSON object that GET path?query answers; raises `aiohttp.web.HTTPException` like the API does."""
