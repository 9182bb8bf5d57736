"""Secrets are not in what the collector logs, answers, measures or stores: canaries are looked for everywhere."""

import logging
from pathlib import Path

import pytest

from tidegauge.spool import new_epoch

from .fortress import batch, fortress, frames_of


def test_no_secret_is_logged_answered_measured_or_stored(
    folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for theirs in ("httpx", "httpcore"):  # the callers of this test, not the collector
        caplog.set_level(logging.WARNING, theirs)
    answers: list[str] = []
    with fortress(folder) as running:
        tokens = [
            running.token("ingest", "shop"),
            running.token("read"),
            running.token("admin"),
            running.token("ingest"),
        ]
        running.revoke(tokens[3])
        wrong = tokens[0][:-4] + "abcd"
        for token in (*tokens, wrong, tokens[0] + "tail"):
            answers.append(str(running.greet(token)))
            answers.append(str(running.ship(batch(new_epoch().bytes, frames_of("shop", "flights")), token)))
            with running.http(token) as client:
                answers += [client.get(path).text for path in ("/api/v1/deployments", "/metrics", f"/{token}")]
                answers.append(client.post("/api/v1/deployments/shop/actuals", content=b"no json").text)
                entered = client.post("/login", data={"token": token, "next": "/"})
                answers.append(entered.text)
        metrics = str(running.collector.access.families())
    running.cli("tokens", "list")

    said = capfd.readouterr()
    secrets = [token.split("_", 2)[2] for token in (*tokens, wrong)]
    places = {"log": said.out + said.err + caplog.text, "metrics": metrics}
    places |= {f"answer {number}": text.replace(f"/{token}", "") for number, text in enumerate(answers)}
    for secret in secrets:
        found = [place for place, text in places.items() if secret in text]
        stored = [path for path in running.data.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
        assert (found, stored) == ([], [])
