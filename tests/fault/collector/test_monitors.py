"""A collector that dies in the middle of an apply: the next one has the old monitors or the new ones, for every deployment."""

import httpx
import pytest
from collector_lives import Lives

from tidegauge_collector.control import ControlStore
from tidegauge_collector.crash_points import CRASH_POINTS, EXIT_CODE

POINTS = [f"{one}:{times}" for one in CRASH_POINTS if one.startswith("monitors.") for times in (1, 2)]
NAMES = ("bank", "shop-eu", "shop-us")
BODY = {"files": [{"name": "a.toml", "monitors": [{"id": "drift", "failing": 0.5}, {"id": "auc", "enabled": False}]}]}


def standing(lives: Lives) -> set[tuple[float, bool]]:
    """What every deployment and the definitions say of drift and AUC: one item where they agree."""
    base = lives.endpoints["http"] + "/api/v1"
    defined = {one["id"]: one for one in httpx.get(f"{base}/monitors", timeout=120).json()["items"]}
    found = {(defined["drift"]["failing"], defined["auc"]["enabled"])}
    for name in NAMES:
        mine = {one["id"]: one for one in httpx.get(f"{base}/deployments/{name}", timeout=120).json()["monitors"]}
        found.add((mine["drift"]["failing"], "auc" in mine))
    return found


@pytest.mark.parametrize("point", POINTS)
def test_an_apply_that_dies_leaves_the_old_or_the_new_never_half(lives: Lives, point: str) -> None:
    lives.data.mkdir()
    control = ControlStore.open(lives.data / "control.sqlite")
    for name in NAMES:
        control.ensure_deployment(name, proposal={}, now_us=1)
    control.close()
    assert lives.start(point)
    url = lives.endpoints["http"] + "/api/v1/monitors/apply"

    if point == "monitors.before_commit:2":
        assert httpx.post(url, json=BODY, timeout=120).status_code == 200
        body = {"files": [{"name": "a.toml", "monitors": []}], "prune": True}
    else:
        body = BODY
    with pytest.raises(httpx.HTTPError):
        httpx.post(url, json=body, timeout=120)
    assert lives.wait() == EXIT_CODE, lives.story()

    assert lives.start()
    assert standing(lives) == ({(0.5, False)} if point == "monitors.before_commit:2" else {(0.25, True)})
    assert httpx.post(lives.endpoints["http"] + "/api/v1/monitors/apply", json=BODY, timeout=120).status_code == 200
    assert standing(lives) == {(0.5, False)}
    assert lives.stop() == 0, lives.story()
