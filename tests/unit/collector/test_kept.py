"""Kept answers are those of now."""

import threading
from concurrent.futures import ThreadPoolExecutor

from tidegauge_collector.measuring.kept import Kept


def test_a_value_is_computed_once_until_its_deployment_changes() -> None:
    asked: list[str] = []
    kept = Kept(lambda name: asked.append(name) or len(asked))

    before = [kept.of("a"), kept.of("a"), kept.of("b")]
    kept.touch(["a"])
    after = [kept.of("a"), kept.of("b")]

    assert (before, after, asked) == ([1, 1, 2], [3, 2], ["a", "b", "a"])


def test_another_stamp_asks_again() -> None:
    asked: list[str] = []
    kept = Kept(lambda name: asked.append(name) or len(asked))

    assert [kept.of("a", stamp=1), kept.of("a", stamp=1), kept.of("a", stamp=2)] == [1, 1, 2]


def test_what_changes_while_it_is_computed_is_asked_again() -> None:
    values = iter([1, 2])

    def compute(name: str) -> int:
        value = next(values)
        if value == 1:
            kept.touch([name])
        return value

    kept = Kept(compute)

    assert [kept.of("a"), kept.of("a"), kept.of("a")] == [1, 2, 2]


def test_of_many_only_what_changed_is_computed_and_at_once():
    asked = []

    def compute_many(names):
        asked.append(sorted(names))
        return {name: len(asked) for name in names if name != "gone"}

    kept = Kept(str.upper, compute_many)
    first = kept.of_many(["a", "b", "gone"])
    kept.touch(["b"])

    again = kept.of_many(["a", "b"])

    assert first == {"a": 1, "b": 1}
    assert again == {"a": 1, "b": 2}
    assert asked == [["a", "b", "gone"], ["b"]]


def test_of_many_without_a_way_to_compute_many_asks_for_each():
    assert Kept(str.upper).of_many(["a", "b"]) == {"a": "A", "b": "B"}


def test_of_many_another_stamp_asks_again_for_that_deployment():
    asked = []
    kept = Kept(str.upper, lambda names: asked.append(list(names)) or dict.fromkeys(names, len(asked)))

    first = kept.of_many(["a", "b"], stamps={"a": 1, "b": 1})
    again = kept.of_many(["a", "b"], stamps={"a": 1, "b": 2})

    assert (first, again, asked) == ({"a": 1, "b": 1}, {"a": 1, "b": 2}, [["a", "b"], ["b"]])


def test_who_asks_while_many_are_computed_waits_for_them():
    asked, begun, go_on = [], threading.Event(), threading.Event()

    def compute_many(names):
        asked.append(list(names))
        begun.set()
        go_on.wait(60)
        return {name: name.upper() for name in names}

    kept = Kept(str.upper, compute_many)
    with ThreadPoolExecutor(2) as both:
        first = both.submit(kept.of_many, ["a", "b"])
        begun.wait(60)
        second = both.submit(kept.of_many, ["a", "b"])
        go_on.set()

    assert [first.result(), second.result()] == [{"a": "A", "b": "B"}] * 2
    assert asked == [["a", "b"]]


def test_changes_that_many_threads_tell_of_at_once_are_all_seen() -> None:
    values, told = iter(range(10)), list[str]()

    class Changes(dict[str, int]):
        """While the first thread says that there was a change, others say so, too, and somebody asks."""

        def __setitem__(self, name: str, change: int) -> None:
            told.append(name)
            if len(told) == 1:
                kept.touch([name])
                kept.touch([name])
                kept.of(name)
            super().__setitem__(name, change)

    kept = Kept(lambda _: next(values))
    kept._changes = Changes()

    kept.touch(["a"])
    kept.touch(["a"])

    assert kept.of("a") == 1
