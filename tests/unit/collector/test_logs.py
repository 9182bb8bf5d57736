"""What stands on standard error: in JSON one event a line, whoever logs it; nothing of what callers broke."""

import json
import logging
import subprocess
import sys

import pytest
from aiohttp import web
from aiohttp.http import HttpProcessingError

from tidegauge_collector.cli.logs import is_ours

SCRIPT = """
import logging
import structlog
from tidegauge_collector.cli.logs import configure_logs

configure_logs("json")
structlog.get_logger("ours").info("collector.started", data="d")
logging.getLogger("grpc").info("no news")
try:
    raise OSError("the disk is gone")
except OSError:
    logging.getLogger("grpc").exception("Unhandled %s", "exception")
"""


def test_json_has_an_event_a_line_also_of_libraries() -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)

    ours, theirs = map(json.loads, ended.stderr.splitlines())
    assert (ours["event"], ours["level"], ours["data"]) == ("collector.started", "info", "d")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("Unhandled exception", "error", "grpc")
    assert "OSError: the disk is gone" in theirs["exception"]


@pytest.mark.parametrize(
    ("problem", "is_news"),
    [(OSError("full"), True), (web.RequestPayloadError("cut"), False), (HttpProcessingError(message="no HTTP"), False)],
)
def test_a_body_or_request_that_its_caller_broke_is_no_news(problem: Exception, is_news: bool) -> None:
    record = logging.LogRecord("aiohttp.server", logging.ERROR, "", 0, "m", (), (type(problem), problem, None))

    assert is_ours(record) is is_news
