"""A sender killed at the worst moment: the message has gone out, but the store does not know it yet."""

import asyncio
import sys

from control_timeline import FAILING, QUIET
from notify_receiver import SECRET

SENDER = """
import asyncio, os, sys
from pathlib import Path
from tidegauge_collector.control import ControlStore
from tidegauge_collector.notify import OutboxSender, WebhookChannel

class Clock:
    def now_us(self):
        return int(sys.argv[3])

store = ControlStore.open(Path(sys.argv[1]))
store.delivered = lambda *_, **__: os._exit(137)
channel = WebhookChannel("ops", sys.argv[2], sys.argv[4], ("127.0.0.1",))
asyncio.run(OutboxSender(store, [channel], clock=Clock()).deliver_due())
"""


async def killed_between_send_and_mark(path, receiver, clock):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SENDER, path, receiver.url, str(clock.now_us()), SECRET
    )
    return await process.wait()


async def test_what_was_sent_but_not_marked_is_sent_again_under_the_same_id_before_its_resolve(
    path, store, alerting, sender, receiver, clock
):
    alerting().judge(FAILING, QUIET, QUIET)

    codes = [await killed_between_send_and_mark(path, receiver, clock) for _ in range(2)]
    clock.advance(30)
    while await sender.deliver_due():
        pass

    assert codes == [137, 137]
    assert [seen.seq for seen in receiver.seen] == [1, 1, 1, 2]
    assert len({seen.delivery_id for seen in receiver.seen}) == 2
    assert len({seen.body for seen in receiver.seen[:3]}) == 1
    assert store.outbox_depth() == 0
