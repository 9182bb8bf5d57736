"""Kept answers are those of now."""

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
