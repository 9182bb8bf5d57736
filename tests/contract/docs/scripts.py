"""The examples of the pages by name, and what is added to those that need a caller."""

from .pages import examples

PAGES = ("README.md", "agent/README.md", "docs/your-own-model.md")
CALL_SERVICE = """
from fastapi.testclient import TestClient

client = TestClient(app)
for i in range({n}):
    answer = client.post({path!r}, json={body})
    assert answer.status_code == 200, answer.text
{rest}
assert agent.flush(timeout_s=120, wait="acknowledged"), agent.status()
"""
PRICE = CALL_SERVICE.format(
    n=20,
    path="/price",
    body='{"order_id": f"o-{i}", "area": 50.0 + i, "age": 10}',
    rest='assert answer.json() == {"price": 253_000}',
)
CHURN = CALL_SERVICE.format(
    n=20,
    path="/churn",
    body='{"customer_id": i, "visits": 0.1 * i, "complaints": 1}',
    rest='assert client.post("/left/3").status_code == 200',
)
AFTERWARDS = {"readme-fastapi": PRICE, "fastapi": CHURN}
NEEDS = {"labels": "sklearn"}  # what stands further up on its page and has to be done first
FOUND = {example.name: example.code for page in PAGES for example in examples(page)}


def script(name: str) -> str:
    """The whole script of an example: what stands on the page, then its caller if it needs one."""
    return FOUND[name] + AFTERWARDS.get(name, "")
