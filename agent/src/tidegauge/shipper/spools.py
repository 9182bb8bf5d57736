"""Serves all roots of a spool directory, those that come later too: a sidecar beside agents of several users or collectors."""

import logging
import threading
from functools import partial
from pathlib import Path

from tidegauge.errors import TidegaugeError
from tidegauge.shipper.destination import DESTINATION_NAME
from tidegauge.shipper.process import EXIT_CONFIG, EXIT_NOT_SHIPPED, StopOnSignal, configure_logging, ship_root

LOOK_EVERY_S = 2.0
_log = logging.getLogger("tidegauge.shipper")


def ship_spool(spool: Path, *, drain: bool) -> int:
    """Serve every root below `spool` until a signal (or, draining, until all is shipped); returns the exit code."""
    configure_logging()
    if not spool.is_dir():
        _log.error("%s is not a directory: name the agents' `spool`, or one root with --root", spool)
        return EXIT_CONFIG
    stops = StopOnSignal()
    results: dict[Path, bool] = {}
    threads: dict[Path, threading.Thread] = {}
    while True:
        for root in roots_of(spool):
            if root not in threads or not (threads[root].is_alive() or drain):
                threads[root] = threading.Thread(
                    target=partial(_serve, root, drain, stops, results), name=f"ship {root.name}"
                )
                threads[root].start()
        if drain or stops.is_stopping.wait(LOOK_EVERY_S):
            break
    for thread in threads.values():
        thread.join()
    return 0 if all(results.values()) or not drain else EXIT_NOT_SHIPPED


def roots_of(spool: Path) -> list[Path]:
    """The roots below a spool directory, that is, the directories with a destination."""
    return sorted(path.parent for path in spool.glob(f"*/{DESTINATION_NAME}") if not path.parent.is_symlink())


def _serve(root: Path, drain: bool, stops: StopOnSignal, results: dict[Path, bool]) -> None:
    results[root] = False
    try:
        results[root] = ship_root(root, mode="sidecar", drain=drain, linger_s=None, wait_s=0.5, on_start=stops.add)
    except (TidegaugeError, OSError) as error:
        _log.error("%s: %s", root, error)
