"""At most 32 MiB over the bare service, whatever goes through the model and however long the collector is away.

`GUEST_ROWS` says how many distinct names go through (default 60,000), `GUEST_TENS` how often ten seconds pass (default 600; a week is
60,480). The bounds do not depend on them: it is buffers that fill in the first seconds.
"""

import json
import os

import pytest
from guest_berth import HOSTS, Berth

ROWS, TENS = int(os.environ.get("GUEST_ROWS", "60000")), int(os.environ.get("GUEST_TENS", "600"))
MOST_KIB = 32 * 1024


@pytest.mark.timeout(120 + (ROWS + 20 * TENS) // 1_000)
@pytest.mark.parametrize(("what", "amount"), [("categories", ROWS), ("week", TENS)])
def test_the_agent_takes_at_most_32_mib(berth: Berth, what: str, amount: int) -> None:
    bare, watched = (measure(berth, what, agent, amount) for agent in ("no", "yes"))

    over = {when: watched[when] - bare[when] for when in ("peak", "end")}
    print(f"{what}, {amount}: KiB over the bare service {over}, {watched['status']}")
    assert watched["status"]["sealed"] >= amount
    assert over["peak"] <= MOST_KIB
    assert over["end"] <= MOST_KIB


def measure(berth: Berth, what: str, agent: str, amount: int) -> dict[str, dict[str, int]]:
    ended = berth.run_file(HOSTS / "memory.py", what, agent, str(amount), timeout_s=600)
    assert ended.code == 0, ended.err
    found: dict[str, dict[str, int]] = json.loads(ended.out)
    return found
