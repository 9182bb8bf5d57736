"""A fleet of simulated agents beside a real collector process: run `python tests/bench/fleet.py --help`.

Frames are counted once by the agent's core and encoded by its codec; names and times are put on cheaply; they travel in real gRPC
calls, an epoch and a channel for each agent. What the simulator itself uses of the machine is printed beside the collector's.
"""

import argparse
import asyncio
import math
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fleetsim.collector import CollectorProcess
from fleetsim.fleet import Fleet
from fleetsim.frames import FrameMaker
from fleetsim.scenarios import OUTAGE_S, Run, herd, is_all_there, search, steady
from fleetsim.watching import Watch

SEARCH_HEADROOM = 10  # times the first rate, when it is settled how far back the first minute lies


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0 where nothing was lost or doubled."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="fleet-", dir=options.folder) as folder:
        return asyncio.run(_run(options, Path(folder)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--agents", type=int, default=500, help="each with a deployment, an epoch and a channel (default %(default)s)"
    )
    parser.add_argument("--columns", type=int, default=100, help="of a frame, at most 100 (default %(default)s)")
    parser.add_argument("--frames-per-second", type=float, default=200.0, help="of all together (default %(default)s)")
    parser.add_argument("--minutes", type=float, default=3.0, help="how long (default %(default)s)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--herd", action="store_true", help=f"kill the collector, start it {OUTAGE_S:.0f} s later: all come at once"
    )
    which.add_argument("--search", action="store_true", help="raise the rate until a limit is passed")
    parser.add_argument(
        "--profile", type=Path, metavar="FILE", help="write to FILE.txt what the collector's threads did"
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="the collector's configuration")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where the data lies meanwhile")
    return parser


async def _run(options: argparse.Namespace, folder: Path) -> int:
    maker = FrameMaker(options.columns)
    collector = CollectorProcess(folder, config=options.config, profile=options.profile)
    most = options.frames_per_second * options.minutes * 60 * (SEARCH_HEADROOM if options.search else 1)
    scenario = search if options.search else herd if options.herd else steady
    delta, closing = maker.sizes
    print(
        f"{options.agents} agents; frames of {options.columns} columns, {delta:,} bytes, each 60th {closing:,} with sketches and moments; "
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.2f} before"
    )
    try:
        collector.start()
        fleet = Fleet(options.agents, maker, lambda: collector.grpc, minutes_each=math.ceil(most / options.agents))
        async with Watch(collector) as watch, fleet:
            print(f"  all have greeted and given a baseline; folded {await watch.caught_up():.1f} s later", flush=True)
            run = Run(fleet, watch, collector)
            await scenario(run, options.frames_per_second, options.minutes * 60)
            complete = await is_all_there(run)
        print(f"  the collector ended in {collector.stop():.1f} s")
    except Exception:
        print(collector.last_words(), file=sys.stderr)
        raise
    else:
        return 0 if complete else 1
    finally:
        collector.close()


if __name__ == "__main__":
    sys.exit(main())
