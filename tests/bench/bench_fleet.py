"""A small fleet for 20 seconds, the last minute of `make bench`; the figures of DESIGN.md §7 come from `fleet.py` itself.

Run `python tests/bench/bench_fleet.py`; `python tests/bench/fleet.py` for 500 agents and 3 minutes, `--herd`, `--search`.
"""

import sys

from fleet import main

if __name__ == "__main__":
    sys.exit(main(["--agents", "100", "--frames-per-second", "40", "--minutes", "0.3334"]))
