from flights_demo.chaos import KILLS, Chaos


def test_the_collector_is_killed_twice_and_a_worker_once():
    assert sorted(victim for _, victim in KILLS) == ["collector", "collector", "worker"]


def test_each_kill_comes_once_and_in_order():
    chaos = Chaos([(0.5, "worker"), (0.25, "collector")])

    assert [chaos.due(done) for done in (0.1, 0.3, 0.3, 1.0, 1.0)] == [[], ["collector"], [], ["worker"], []]


def test_a_replay_that_jumps_over_several_kills_suffers_all_of_them():
    assert Chaos().due(1.0) == ["collector", "worker", "collector"]
