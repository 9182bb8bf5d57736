"""The log of `serve` on standard error: in JSON one line an event, also where a library logs."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def configure_logs(log_format: str) -> None:
    """Send structlog's events and the libraries' warnings to standard error, as `console` or `json`."""
    renderer = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a job that is still running is no news
    logging.getLogger("aiohttp.server").addFilter(is_ours)


def is_ours(record: logging.LogRecord) -> bool:
    """Whether a record of the HTTP server is news. What a caller's broken body or request raised was told to him, with 400."""
    from aiohttp.http import HttpProcessingError  # noqa: PLC0415
    from aiohttp.web import RequestPayloadError  # noqa: PLC0415 - so that --help and check answer at once

    problem = record.exc_info[1] if record.exc_info else None
    return not isinstance(problem, (RequestPayloadError, HttpProcessingError))
