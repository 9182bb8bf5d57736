"""Whether the worker may have a thread of its own."""

from __future__ import annotations

import os
import sys


def threads_can_run() -> bool:
    """False under uWSGI without `enable-threads`: a thread could be started there, but would never run."""
    options = getattr(sys.modules.get("uwsgi"), "opt", None)
    if not isinstance(options, dict):
        return True
    return not {"enable-threads", "threads"}.isdisjoint(os.fsdecode(name) for name in options)
