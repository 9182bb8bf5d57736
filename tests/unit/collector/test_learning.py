"""What was learned of baselines is remembered for whoever asks next, from whatever thread."""

from typing import Any

from tidegauge_collector.core.spread import Spread
from tidegauge_collector.measuring import learning
from tidegauge_collector.measuring.learning import Learning

SPREAD = Spread(0.0, 1.0, 5, "drawn")
ACTIVE: Any = object()


def ask(known: Learning, n: int) -> Spread | None:
    return known.of_scores(ACTIVE, "auc", n, "", lambda _: SPREAD)


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: Any) -> None:
    monkeypatch.setattr(learning, "KEPT", 2)
    known = Learning()

    assert [ask(known, n) for n in (1, 2, 3, 4)] == [SPREAD] * 4
    assert len(known._known) == 2


def test_two_who_make_room_at_once_do_not_disturb_each_other(monkeypatch: Any) -> None:
    monkeypatch.setattr(learning, "KEPT", 2)
    known = Learning()

    class Crowded(dict[Any, Any]):
        """Whatever is to go has gone already: another thread was faster."""

        def pop(self, key: Any, *default: Any) -> Any:
            super().pop(key, None)
            return super().pop(key, *default)

    for n in (1, 2):
        ask(known, n)
    known._known = Crowded(known._known)

    assert ask(known, 3) == SPREAD
