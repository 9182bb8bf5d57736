"""Alerts and dashboard speak only of figures, labels and label values that a running collector has, and of pages that there are."""

import json
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import yaml

from .dockerfiles import DEPLOY, ROOT

WAIT_S = 120.0
BIN = Path(sys.executable).parent
RULES = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((DEPLOY / "grafana/tidegauge-collector.json").read_text())
QUERIES = {
    f"panel {panel['title']}": target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]
} | {rule["alert"]: rule["expr"] for rule in RULES}
AT_REST = {"tidegauge_notifications_total": {"outcome": {"delivered"}}}  # figures without samples while nothing happens
SCRAPED = {"instance", "job"}  # labels that Prometheus adds


@dataclass
class Exposed:
    """What /metrics of a collector shows: families, and the label values that were seen."""

    families: set[str] = field(default_factory=set)
    labels: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> "Exposed":
        found = cls()
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                found.families.add(line.split()[2])
            elif not line.startswith("#"):
                name, _, rest = line.partition("{")
                for label, value in re.findall(r'(\w+)="([^"]*)"', rest):
                    found.labels.setdefault(name, {}).setdefault(label, set()).add(value)
        return found


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exposed]:
    """The figures of a collector with TLS that has taken something in."""
    data = tmp_path_factory.mktemp("figures") / "data"
    collector = str(BIN / "tidegauge-collector")
    subprocess.run(
        [collector, "certs", "init", "--host", "localhost", "--data", str(data)], check=True, capture_output=True
    )
    config = data.parent / "collector.toml"
    config.write_text(f'tls_cert = "{data}/tls/server.pem"\ntls_key = "{data}/tls/server.key"\n')
    where = ["--data", str(data), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--config", str(config)]
    said = data.parent / "collector.log"
    with said.open("w") as log:
        process = subprocess.Popen([collector, "serve", *where], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + WAIT_S
        while not (data / "endpoints.json").exists():
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.05)
        trusted = ssl.create_default_context(cafile=data / "tls/ca.pem")
        base = json.loads((data / "endpoints.json").read_text())["http"]
        with httpx.Client(base_url=base, verify=trusted, timeout=WAIT_S) as client:
            body = {"observations": [{"id": "1", "age": 3.0, "score": 0.5}]}
            sent = client.post("/api/v1/deployments/flights/observations?version=1&id=id&prediction=score", json=body)
            assert sent.is_success, sent.text
            yield Exposed.of(client.get("/metrics").text)
    finally:
        process.terminate()
        process.wait(WAIT_S)


@pytest.mark.parametrize("query", QUERIES)
def test_every_figure_that_is_asked_for_is_exposed(exposed, query):
    names = set(re.findall(r"\btidegauge_\w+", QUERIES[query]))

    assert names
    assert names <= exposed.families


@pytest.mark.parametrize("query", QUERIES)
def test_labels_are_those_of_the_figure(exposed, query):
    for name, selector in re.findall(r"\b(tidegauge_\w+)\{([^}]*)\}", QUERIES[query]):
        known = exposed.labels.get(name, AT_REST.get(name, {}))
        for label, operator, value in re.findall(r'(\w+)(=~|!=|=)"([^"]*)"', selector):
            if label in SCRAPED:
                continue
            assert label in known, f"{name} has the labels {sorted(known)}"
            assert operator == "!=" or value in known[label] or name == "tidegauge_ingest_total", sorted(known[label])


def test_alerts_have_a_name_a_severity_and_a_section_that_says_what_to_do():
    page = (ROOT / "docs/installing.md").read_text()
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", page, re.M)
    }

    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert re.fullmatch(r"Tidegauge[A-Z]\w+", rule["alert"])
        assert rule["labels"]["severity"] in {"warning", "critical"}
        file, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert file == "docs/installing.md"
        assert anchor in anchors, rule["alert"]


def test_somebody_hears_when_the_collector_is_gone():
    assert any(rule["expr"].startswith("absent(") for rule in RULES)


@pytest.mark.parametrize("query", QUERIES)
def test_brackets_of_a_query_match(query):
    open_ones: list[str] = []
    for sign in re.sub(r'"[^"]*"', "", QUERIES[query]):
        if sign in "([{":
            open_ones.append({"(": ")", "[": "]", "{": "}"}[sign])
        elif sign in ")]}":
            assert open_ones, query
            assert open_ones.pop() == sign

    assert not open_ones


def test_panels_have_titles_of_their_own_and_do_not_overlap():
    taken = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    titles = [panel["title"] for panel in DASHBOARD["panels"]]

    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24
    assert all(titles)
