"""Whatever happens to alerts, silences, people and the clock: what was told last is what is, and that not too often.

Random histories run against a real store; beside it stands a model so simple that it is right.
"""

import json
import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from control_timeline import DAY_US, FAILING, QUIET, START_US, WARNING, Timeline, fresh_store
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tidegauge_collector.control.telling import Bulletin, Terms
from tidegauge_collector.core.routing import Routing

S, M = 1_000_000, 60_000_000
COLUMNS = ("a", "b", "c")
KINDS = {"hook": "webhook", "chat": "slack"}
ROUTING = Routing((), KINDS)
INTERVAL_US = {"hook": 0, "chat": 5 * M}


def told_body(bulletin: Bulletin) -> bytes:
    alerts = [[one.id, one.column, one.severity if one.status == "firing" else "resolved"] for one in bulletin.alerts]
    acknowledged = {one.column: one.acknowledged_by for one in bulletin.alerts if one.status == "firing"}
    return json.dumps({"alerts": alerts, "acknowledged": acknowledged, "status": bulletin.event_type}).encode()


class Histories(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="tidegauge-laws-"))
        self.store = fresh_store(self.folder / "control.sqlite")
        self.series = {one: Timeline(self.store, column=one, channels=tuple(KINDS)) for one in COLUMNS}
        for one in self.series.values():
            one.routing = ROUTING
        self.now = START_US + DAY_US
        self.silences = {}  # id -> (column, start, end)
        self.may_be_heard = set()
        self.heard = set()
        self.last = {}  # (channel, column) -> what was said of it last
        self.acknowledged = {}  # likewise, by whom
        self.told_at = {}  # (channel, key) -> when
        self.too_soon = []

    def teardown(self):
        self.recover()
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(column=st.sampled_from(COLUMNS), value=st.sampled_from([QUIET, QUIET, WARNING, FAILING]))
    def judge(self, column, value):
        timeline = self.series[column]
        timeline.record(timeline.update(value), now_us=self.now)

    @rule(column=st.sampled_from(COLUMNS), minutes=st.integers(1, 20))
    def silence(self, column, minutes):
        end_us = self.now + minutes * M
        made = self.store.silences.create(
            {"column": (column,)}, starts_at_us=self.now, ends_at_us=end_us, by="anna", now_us=self.now
        )
        self.silences[made.id] = (column, self.now, end_us)

    @rule()
    def end_silences(self):
        for one in self.silences:
            self.store.silences.end(one, by="anna", now_us=self.now)
        self.silences = {}

    @rule(column=st.sampled_from(COLUMNS), who=st.sampled_from(["anna", ""]))
    def acknowledge(self, column, who):
        for one in self.store.alerts(status="firing"):
            if one.column == column:
                change = self.store.people.acknowledge if who else self.store.people.unacknowledge
                change(one.id, actor="anna", at_us=self.now)

    @rule(column=st.sampled_from(COLUMNS))
    def close_by_hand(self, column):
        for one in self.store.alerts(status="firing"):
            if one.column == column:
                self.store.people.close_by_person(one.id, actor="anna", at_us=self.now)

    @rule(seconds=st.sampled_from([1, 15, 31, 120, 301, 1_200]))
    def go_on(self, seconds):
        self.now += seconds * S
        self.tell()

    @rule(seconds=st.sampled_from([2, 400]))
    def set_back(self, seconds):
        self.now -= seconds * S
        self.store.adopt_untold(ROUTING, now_us=self.now)
        self.told_at = {}
        self.tell()

    @invariant()
    def not_too_often(self):
        assert self.too_soon == []

    @invariant()
    def silenced_all_its_life_is_never_told(self):
        assert self.heard <= self.may_be_heard

    def tell(self):
        silenced = {column for column, start_us, end_us in self.silences.values() if start_us <= self.now < end_us}
        self.may_be_heard |= {one.id for one in self.store.alerts(status="firing") if one.column not in silenced}
        terms = Terms(ROUTING, self.store.silences.listed(ending_after_us=self.now), self.now)
        for thread in self.store.due_threads(list(KINDS), now_us=self.now):
            self.store.tell(thread, terms, told_body)
        while due := self.store.due(2**60):
            for message in due:
                self.read(message)
                self.store.delivered(message.id, now_us=self.now)

    def read(self, message):
        said, place = json.loads(message.body), (message.channel, message.alert_key)
        if self.now - self.told_at.get(place, -(2**60)) < INTERVAL_US[message.channel]:
            self.too_soon.append(place)
        self.told_at[place] = self.now
        for number, column, state in said["alerts"]:
            self.heard.add(number)
            self.last[message.channel, column] = state
        for column, who in said["acknowledged"].items():
            self.acknowledged[message.channel, column] = who

    def recover(self):
        """When silences have ended and some time has gone by, everybody has heard of what is."""
        self.end_silences()
        for _ in range(4):
            self.now += 10 * M
            self.tell()
        firing = {one.column: one for one in self.store.alerts(status="firing")}
        for channel in KINDS:
            for column in COLUMNS:
                last = self.last.get((channel, column), "resolved")
                assert last == (firing[column].severity if column in firing else "resolved"), (channel, column)
                if column in firing:
                    assert self.acknowledged[channel, column] == firing[column].acknowledged_by
        assert self.too_soon == []
        assert self.heard <= self.may_be_heard
        assert self.store.due_threads(list(KINDS), now_us=2**62) == []


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
