"""Random life of an outbox against a naive model: a list per channel and alert key, of which only the first may be sent."""

from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
from control_timeline import FAILING, QUIET, START_US, Timeline, fresh_store
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

CHANNELS = ("ops", "ml")
COLUMNS = st.sampled_from("abc")


class OutboxOrder(RuleBasedStateMachine):
    @initialize()
    def start(self):
        self.folder = TemporaryDirectory()
        self.store = fresh_store(Path(self.folder.name) / "control.sqlite")
        self.series = {column: Timeline(self.store, column=column, channels=CHANNELS) for column in "abc"}
        self.now_us = START_US
        self.waiting = defaultdict(list)  # (channel, key) -> [seq, next attempt], oldest first
        self.sent = defaultdict(list)

    def heads_due(self):
        """What may be sent now, as the model has it; that the store says the same is an invariant."""
        heads = {name: queue[0] for name, queue in self.waiting.items() if queue}
        return {name: seq for name, (seq, at_us) in heads.items() if at_us <= self.now_us}

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    @rule(column=COLUMNS, value=st.sampled_from([QUIET, FAILING]))
    def judge(self, column, value):
        for alert in self.series[column].judge(value, now_us=self.now_us):
            for channel in CHANNELS:
                self.waiting[channel, alert.key].append([alert.seq, self.now_us])

    @rule(seconds=st.integers(1, 5))
    def let_time_pass(self, seconds):
        self.now_us += seconds

    @precondition(lambda self: self.heads_due())
    @rule(data=st.data())
    def deliver_one(self, data):
        message = data.draw(st.sampled_from(self.store.due(self.now_us)))
        self.store.delivered(message.id, now_us=self.now_us)
        self.sent[message.channel, message.alert_key].append(message.seq)
        self.waiting[message.channel, message.alert_key].pop(0)

    @precondition(lambda self: self.heads_due())
    @rule(data=st.data(), wait=st.integers(0, 9))
    def fail_one(self, data, wait):
        message = data.draw(st.sampled_from(self.store.due(self.now_us)))
        self.store.retry_at(message.id, at_us=self.now_us + wait, now_us=self.now_us, error="HTTP 500")
        self.waiting[message.channel, message.alert_key][0][1] = self.now_us + wait

    @precondition(lambda self: self.heads_due())
    @rule(data=st.data())
    def give_one_up(self, data):
        message = data.draw(st.sampled_from(self.store.due(self.now_us)))
        self.store.dead_letter(message.id, now_us=self.now_us, error="HTTP 400")
        self.waiting[message.channel, message.alert_key].pop(0)

    @invariant()
    def due_is_the_first_of_each_list_whose_time_has_come(self):
        found = {(each.channel, each.alert_key): each.seq for each in self.store.due(self.now_us, 1000)}

        assert found == self.heads_due()
        assert self.store.next_due_us() == min((queue[0][1] for queue in self.waiting.values() if queue), default=None)
        assert self.store.outbox_depth() == sum(map(len, self.waiting.values()))

    @invariant()
    def what_was_sent_of_a_key_was_sent_in_order(self):
        assert all(seqs == sorted(set(seqs)) for seqs in self.sent.values())


OutboxOrder.TestCase.settings = settings(
    max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestOutboxOrder = OutboxOrder.TestCase
