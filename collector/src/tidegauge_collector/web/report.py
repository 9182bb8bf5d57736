"""The page of a month: what was promised of all deployments and what was reached. The numbers are those of the API's report."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from . import formats
from .reader import Reader
from .rendering import Renderer


@dataclass(frozen=True, slots=True)
class Report:
    """Handler of `/report`."""

    read: Reader
    renderer: Renderer
    now: Callable[[], datetime]

    async def shown(self, request: web.Request) -> web.Response:
        """GET /report?month=YYYY-MM: the running month where none is named."""
        asked = request.query.get("month") or f"{self.now():%Y-%m}"
        found = await self.read("/api/v1/report", {"month": asked})
        earlier, later = neighbours(found["month"])
        return self.renderer.render(
            request,
            "report.html",
            active="fleet",
            report=found,
            earlier=earlier,
            later=later if later <= f"{formats.moment(found['generated_at']):%Y-%m}" else "",
        )


def neighbours(month: str) -> tuple[str, str]:
    """The month before and the one after `YYYY-MM`."""
    year, number = map(int, month.split("-"))
    months = 12 * year + number - 1
    earlier, later = (f"{one // 12:04d}-{one % 12 + 1:02d}" for one in (months - 1, months + 1))
    return earlier, later
