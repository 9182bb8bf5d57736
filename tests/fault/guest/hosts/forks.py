"""Ways in which services fork: `forks.py WAY`. The model has been called before each of them, and its worker runs."""

import asyncio
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

if "gevent-early" in sys.argv:
    from gevent import monkey

    monkey.patch_all()

import ledger
import service

from tidegauge.worker.deployment import DeploymentWorker


def fork(then: Callable[[], None]) -> int:
    """Do something in a forked child; returns its pid."""
    pid = os.fork()
    if pid == 0:
        then()
    return pid


def wait(*pids: int) -> None:
    """For children that end well."""
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0


def and_end(name: str) -> None:
    """Call the model, and end as a script does."""
    service.answer_many(name, 20)
    sys.exit(0)


def and_leave(name: str) -> None:
    """Call the model, seal, and end without `atexit`."""
    service.answer_many(name, 20)
    service.agent.flush()
    os._exit(0)


def os_fork() -> None:
    wait(fork(partial(and_end, "end")), fork(partial(and_leave, "leave")))


def fork_while_sealing() -> None:
    """The worker's lock is held, and calls wait, while children are made."""
    with service.agent._capture.runtime.locked():
        service.answer_many("waiting", 20)
        pids = [fork(partial(and_leave, "leave")) for _ in range(3)]
    wait(*pids)


def fork_under_load() -> None:
    """Other threads call the model all the time."""
    stop = threading.Event()

    def call() -> None:
        round_ = 0
        while not stop.wait(0.005):  # no faster than the worker, so that nothing is dropped
            round_ += 1
            service.answer_many(f"{threading.get_ident()}-{round_}", 5)

    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        wait(fork(partial(and_leave, "leave")))
    stop.set()
    for thread in threads:
        thread.join()


def fork_twice() -> None:
    """A child that forks a child."""

    def child() -> None:
        service.answer_many("child", 10)
        wait(fork(partial(and_end, "grandchild")))
        sys.exit(0)

    wait(fork(child))


def processes(method: str) -> None:
    context = multiprocessing.get_context(method)
    children = [context.Process(target=service.answer_many, args=(method, 20)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]


def pool(method: str) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as executor:
        futures = [executor.submit(service.answer_many, f"{method}{task}", 10) for task in range(4)]
        assert [len(future.result()) for future in futures] == [10] * 4


def closed_pool() -> None:
    workers = multiprocessing.get_context("fork").Pool(2)
    tasks = [workers.apply_async(service.answer_many, (f"task{task}", 10)) for task in range(4)]
    assert [len(task.get()) for task in tasks] == [10] * 4
    workers.close()
    workers.join()


def asyncio_tasks() -> None:
    async def call(number: int) -> float:
        ledger.called(f"task-{number}")
        await asyncio.sleep(0)
        return await service.predict_async({"id": f"task-{number}", "x": float(number)})

    async def main() -> list[float]:
        return await asyncio.gather(*(call(number) for number in range(50)))

    assert asyncio.run(main()) == [number * 0.5 + 1.0 for number in range(50)]


def gevent_greenlets() -> None:
    import gevent

    greenlets = [gevent.spawn(service.answer_many, f"greenlet{number}", 10) for number in range(10)]
    gevent.joinall(greenlets, raise_error=True)
    wait(fork(partial(and_leave, "leave")))


def gevent_late() -> None:
    """Patched when the worker's thread runs already."""
    from gevent import monkey

    monkey.patch_all()
    gevent_greenlets()


def gevent_after_fork() -> None:
    """As gunicorn's gevent workers: patched in the child, which ends while the worker, a greenlet there, is in the middle of sealing."""

    def child() -> None:
        from gevent import monkey

        monkey.patch_all()
        sealing, seal = threading.Event(), DeploymentWorker.seal

        def seal_slowly(*arguments: Any, **options: Any) -> Any:
            frames = seal(*arguments, **options)
            if frames and not sealing.is_set():
                sealing.set()
                time.sleep(0.2)  # others go on meanwhile, as they do in the pauses of a long seal
            return frames

        DeploymentWorker.seal = seal_slowly  # type: ignore[method-assign]
        service.answer_many("sealed", 20)
        assert sealing.wait(30)
        service.answer_many("last", 20)
        sys.exit(0)

    wait(fork(child))


WAYS: dict[str, Callable[[], None]] = {
    "os.fork": os_fork,
    "os.fork while sealing": fork_while_sealing,
    "os.fork under load": fork_under_load,
    "os.fork twice": fork_twice,
    **{f"multiprocessing {method}": partial(processes, method) for method in ("fork", "spawn", "forkserver")},
    **{f"ProcessPoolExecutor {method}": partial(pool, method) for method in ("fork", "spawn", "forkserver")},
    "multiprocessing.Pool": closed_pool,
    "asyncio": asyncio_tasks,
    "gevent-early": gevent_greenlets,
    "gevent-late": gevent_late,
    "gevent after the fork": gevent_after_fork,
}

if __name__ == "__main__":
    service.answer_many("before", 30)
    WAYS[sys.argv[1]]()
    service.answer_many("after", 5)
