"""What stands on standard error: in JSON one event a line, whoever logs it."""

import json
import subprocess
import sys

SCRIPT = """
import logging
import structlog
from aiohttp import web
from aiohttp.http import HttpProcessingError
from tidegauge_collector.cli.logs import configure_logs

configure_logs("json")
structlog.get_logger("ours").info("collector.started", data="d")
logging.getLogger("grpc").info("no news")
for problem in (OSError("the disk is gone"), web.RequestPayloadError("cut"), HttpProcessingError(message="no HTTP")):
    try:
        raise problem
    except Exception:
        logging.getLogger("aiohttp.server").exception("Unhandled %s", "exception")
"""


def test_json_has_an_event_a_line_also_of_libraries_and_none_of_what_callers_broke() -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)

    ours, theirs = map(json.loads, ended.stderr.splitlines())
    assert (ours["event"], ours["level"], ours["data"]) == ("collector.started", "info", "d")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("Unhandled exception", "error", "aiohttp.server")
    assert "OSError: the disk is gone" in theirs["exception"]
