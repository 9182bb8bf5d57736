"""FastAPI is Starlette: see `starlette`."""

from tidegauge.integrations.starlette import TidegaugeMiddleware

__all__ = ["TidegaugeMiddleware"]
