"""Load on a service, blows at its workers, and a look at the processes all the while."""

import http.client
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Self
from urllib.parse import urlencode

from guest_berth import Berth, state_of

WATCH_EVERY_S = 0.02
ENOUGH = 100  # answers
PATIENCE_S = 120.0  # of a busy machine


class Load:
    """Clients that ask without a pause; `answers` is what they got by id, `cut` counts the connections that died under them."""

    def __init__(self, port: int, clients: int = 4) -> None:
        self.answers: dict[str, tuple[float, str]] = {}
        self.odd: list[str] = []
        self.cut = 0
        self._port = port
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(number,), name=f"load-{number}") for number in range(clients)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(90)

    def _ask(self, client: int) -> None:
        rng, number = random.Random(client), 0
        while not self._stop.is_set():
            number += 1
            name, x = f"c{client}-{number}", rng.randrange(1_000_000) / 8
            try:
                status, body = ask(self._port, name, x)
            except (OSError, http.client.HTTPException):
                self.cut += 1  # the worker was killed with our request in its hands
                continue
            if status != 200:
                self.odd.append(f"{name}: {status} {body!r}")
            self.answers[name] = (x, body)

    def wrong(self) -> list[str]:
        """Answers that the bare model would not have given."""
        return self.odd + [name for name, (x, body) in self.answers.items() if body != repr(x * 0.5 + 1.0)]


def ask(port: int, name: str, x: float) -> tuple[int, str]:
    """One request; its status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", "/?" + urlencode({"id": name, "x": x}))
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


class Watch:
    """Looks again and again how many shippers there are; remembers every process that it has seen."""

    def __init__(self, berth: Berth) -> None:
        self.shippers: Counter[int] = Counter()
        self.seen: set[int] = set()
        self._berth = berth
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(90)

    def _look(self) -> None:
        while not self._stop.wait(WATCH_EVERY_S):
            now = self._berth.shippers()
            self.shippers[len(now)] += 1
            self.seen.update(now)

    def zombies(self) -> list[int]:
        """Processes seen that have ended and that nobody has buried."""
        return [pid for pid in self.seen if state_of(pid) == "Z"]


def kill_now_and_then(workers: Callable[[], list[int]], load: Load, *, every_s: float, for_s: float) -> list[int]:
    """`kill -9` a worker every so often, and go on until one was killed and `ENOUGH` was answered; returns those killed."""
    killed: list[int] = []
    begun_s = time.monotonic()
    rng = random.Random(4)
    while time.monotonic() < begun_s + for_s or not killed or len(load.answers) <= ENOUGH:
        assert time.monotonic() < begun_s + for_s + PATIENCE_S, f"{len(killed)} killed, {len(load.answers)} answers"
        time.sleep(every_s)
        if alive := [pid for pid in workers() if pid not in killed]:
            killed.append(rng.choice(sorted(alive)))
            os.kill(killed[-1], signal.SIGKILL)
    return killed
