"""One process of several that serve the same model: `crew.py SPOOL COLLECTOR NUMBER OF` records its share of the rows and ends."""

import sys

import numpy as np

import tidegauge

DEPLOYMENT, ROWS = "crew", 600
DAY_S, START_S = 86_400, 1_748_822_400  # 2025-06-02T00:00:00Z


def all_rows() -> list[dict[str, object]]:
    """Rows of two columns over two days, with an id, a score, a latency and a truth."""
    rng = np.random.default_rng(11)
    return [
        {
            "id": f"order-{i}",
            "at": START_S + i * 2 * DAY_S / ROWS,
            "x": {"price": float(rng.normal(100, 15)), "kind": "abc"[int(rng.integers(3))]},
            "score": float(rng.random()),
            "latency_s": float(rng.lognormal(-4, 1)),
            "late": int(rng.integers(2)),
        }
        for i in range(ROWS)
    ]


def serve(agent: tidegauge.Agent, rows: list[dict[str, object]]) -> None:
    for row in rows:
        agent.record(
            [row["x"]], [row["score"]], prediction_ids=[row["id"]], timestamps=[row["at"]], latency_s=row["latency_s"]
        )
    agent.actuals([r["id"] for r in rows], [r["late"] for r in rows], timestamps=[float(r["at"]) + 60 for r in rows])


def main(spool: str, collector: str, number: int, of: int) -> None:
    agent = tidegauge.init(DEPLOYMENT, version="v1", spool=spool, collector=collector, task="binary", shipper="none")
    serve(agent, all_rows()[number::of])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
