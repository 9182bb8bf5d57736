"""What `import tidegauge` costs a service: `python tests/bench/bench_import.py`.

Time and resident memory of fresh processes over the bare interpreter, beside numpy and protobuf alone (which it needs), in turns:
`import tidegauge` alone, and with its first use, which loads the rest. Then the modules that take longest. Targets: 0.2 s and 30 MiB over
the bare interpreter.

Prints; asserts nothing: these machines are noisy, only ratios within one run mean something.
"""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np

ROUNDS = 15
STATEMENTS = {
    "bare interpreter": "pass",
    "numpy": "import numpy",
    "numpy and protobuf": "import numpy, google.protobuf.message",
    "import tidegauge": "import tidegauge",
    "tidegauge.init": "import tidegauge; tidegauge.init",
}
MEASURE = """
import time
started = time.perf_counter()
{statement}
took_s = time.perf_counter() - started
resident = next(line for line in open("/proc/self/status") if line.startswith("VmRSS"))
print(took_s, resident.split()[1])
"""


def measured(statement: str) -> tuple[float, float]:
    """Seconds of the import, and MiB of the process after it."""
    command = [sys.executable, "-c", MEASURE.format(statement=statement)]
    took_s, resident_kib = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(took_s), float(resident_kib) / 1_024


def slowest(most: int = 12) -> list[str]:
    """The modules with the longest time of their own, ms first."""
    command = [sys.executable, "-X", "importtime", "-c", "import tidegauge; tidegauge.init"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    found = re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", told)
    ranked = sorted(((int(own_us), name) for own_us, name in found), reverse=True)
    return [f"{own_us / 1_000:7.1f} ms  {name}" for own_us, name in ranked[:most]]


def main() -> None:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in STATEMENTS}
    for _ in range(ROUNDS):
        for name, statement in STATEMENTS.items():
            found[name].append(measured(statement))
    bare_mib = np.median([mib for _, mib in found["bare interpreter"]])
    print(
        f"{'':22}{'time':>10}{'MiB over bare':>16}   (medians of {ROUNDS} processes in turns; bare {bare_mib:.1f} MiB)"
    )
    for name, rounds in found.items():
        took_s, mib = np.median(rounds, axis=0)
        print(f"{name:22}{took_s:8.3f} s{mib - bare_mib:16.1f}")
    print("\nslowest of their own:\n  " + "\n  ".join(slowest()))


if __name__ == "__main__":
    main()
